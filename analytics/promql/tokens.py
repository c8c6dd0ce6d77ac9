"""PromQL's text as tokens. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NoReturn

from analytics.promql.errors import BadQuery

Kind = Literal[
    "identifier", "metric", "number", "duration", "string", "operator", "mark", "keyword", "end"
]

AGGREGATORS = frozenset(
    {
        "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk",
        "count_values", "quantile", "limitk", "limit_ratio",
    }
)  # fmt: skip
WORD_OPERATORS = frozenset({"and", "or", "unless", "atan2"})
KEYWORDS = frozenset(
    {
        "offset", "smoothed", "anchored", "by", "without", "on", "ignoring", "group_left",
        "group_right", "bool", "start", "end", "step", "range",
    }
)  # fmt: skip
# Names of metrics unless a parenthesis follows.
FILLS = frozenset({"fill", "fill_left", "fill_right"})
NUMBER_WORDS = frozenset({"inf", "nan"})

SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n\r]*)+")
WORD = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
DIGITS = r"[0-9](?:_?[0-9])*"
NUMBER = re.compile(
    rf"0[xX]_?[0-9a-fA-F](?:_?[0-9a-fA-F])*(?![A-Za-z0-9_.])"
    rf"|(?:{DIGITS}(?:\.(?:{DIGITS})?)?|\.{DIGITS})(?:[eE][+-]?{DIGITS})?(?![A-Za-z0-9_.])"
)
DURATION = re.compile(r"[0-9]+(?:ms|[smhdwy])(?:[0-9]+(?:ms|[smhdw]))*(?![A-Za-z0-9_])")
NUMBER_LIKE = re.compile(r"[0-9A-Za-z_.]+")
OPERATORS = re.compile(r"==|=~|!=|!~|<=|>=|</|>/|<|>|\+|-|\*|/|%|\^|=|@")
QUOTED = re.compile(r"\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`")
ESCAPE = re.compile(
    r"\\(?:([abfnrtv\\'\"])|([0-7]{3})|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.|$))"
)
PLAIN_ESCAPES = {
    "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Token:
    """`text` is what stands in the query, lower case for keywords; `start`, `end` are characters."""

    kind: Kind
    text: str
    start: int
    end: int

    @property
    def shown(self) -> str:
        """The token as an error message names it."""
        if self.kind == "end":
            return "end of input"
        if self.kind in ("keyword", "operator"):
            mark = {"operator": "op:", "keyword": ""}[self.kind]
            if self.text in AGGREGATORS:
                mark = "aggr:"
            return f"<{mark}{self.text}>"
        described = {"identifier": "identifier ", "metric": "metric identifier "}
        described |= {kind: f"{kind} " for kind in ("number", "duration", "string")}
        text = self.text if len(self.text) <= 10 else self.text[:10] + "..."
        if self.kind == "string":
            text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'{described.get(self.kind, "")}"{text}"'


def where(text: str, position: int) -> str:
    """Give line and column of a character, both from 1."""
    line = text.count("\n", 0, position) + 1
    return f"{line}:{position - text.rfind(chr(10), 0, position)}"


def refuse(text: str, position: int, problem: str) -> NoReturn:
    raise BadQuery(f"{where(text, position)}: parse error: {problem}", position)


def tokens(text: str) -> list[Token]:
    """Split a query; the last token is the end. Raises BadQuery."""
    return _Lexer(text).run()


class _Lexer:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.found: list[Token] = []
        self.parentheses = 0
        self.in_braces = False
        self.in_brackets = False

    def run(self) -> list[Token]:
        while self._skip_space():
            if self.in_braces:
                self._inside_braces()
            else:
                self._outside()
        self._check_closed()
        self.found.append(Token("end", "", self.position, self.position))
        return self.found

    def _check_closed(self) -> None:
        if self.in_braces:
            self._refuse("unexpected end of input inside braces")
        if self.parentheses:
            self._refuse("unclosed left parenthesis")
        if self.in_brackets:
            self._refuse("unclosed left bracket")

    def _skip_space(self) -> bool:
        """Go to the next token; false at the end."""
        if space := SPACE.match(self.text, self.position):
            self.position = space.end()
        return self.position < len(self.text)

    def _refuse(self, problem: str) -> NoReturn:
        refuse(self.text, self.position, problem)

    def _emit(self, kind: Kind, end: int, text: str | None = None) -> None:
        start, self.position = self.position, end
        self.found.append(Token(kind, self.text[start:end] if text is None else text, start, end))

    def _outside(self) -> None:
        char = self.text[self.position]
        if char.isascii() and (char.isalpha() or char in "_:"):
            self._word_or_colon(char)
        elif char in "0123456789" or (char == "." and self._digit_follows()):
            self._number()
        elif char in "\"'`":
            self._string()
        elif char in "()[]{},":
            self._bracket(char)
        else:
            self._operator(char)

    def _digit_follows(self) -> bool:
        return self.text[self.position + 1 : self.position + 2] in tuple("0123456789")

    def _word_or_colon(self, char: str) -> None:
        if self.in_brackets and char == ":":
            self._emit("mark", self.position + 1)
            return
        pattern = LABEL if self.in_brackets else WORD
        if word := pattern.match(self.text, self.position):
            self._emit(*self._kind_of(word[0], word.end()))

    def _kind_of(self, word: str, end: int) -> tuple[Kind, int, str]:
        small = word.lower()
        if small in WORD_OPERATORS:
            return "operator", end, small
        if small in FILLS and self.text[end:].lstrip(" \t\r\n").startswith("("):
            return "keyword", end, small
        if small in AGGREGATORS or small in KEYWORDS:
            return "keyword", end, small
        if small in NUMBER_WORDS:
            return "number", end, small
        return ("metric" if ":" in word else "identifier"), end, word

    def _number(self) -> None:
        if number := NUMBER.match(self.text, self.position):
            self._emit("number", number.end())
        elif duration := DURATION.match(self.text, self.position):
            self._emit("duration", duration.end())
        else:
            shown = "".join(NUMBER_LIKE.findall(self.text, self.position)[:1])
            self._refuse(f'bad number or duration syntax: "{shown}"')

    def _string(self) -> None:
        quoted = QUOTED.match(self.text, self.position)
        if not quoted:
            raw = self.text[self.position] == "`"
            self._refuse("unterminated raw string" if raw else "unterminated quoted string")
        self._emit("string", quoted.end())

    def _bracket(self, char: str) -> None:
        if char == "(":
            self.parentheses += 1
        elif char == ")":
            self.parentheses -= 1
            if self.parentheses < 0:
                self._refuse("unexpected right parenthesis ')'")
        elif char == "[":
            if self.in_brackets:
                self._refuse("unexpected left bracket '['")
            self.in_brackets = True
        elif char == "]":
            if not self.in_brackets:
                self._refuse("unexpected right bracket ']'")
            self.in_brackets = False
        elif char == "}":
            self._refuse("unexpected character: '}'")
        elif char == "{":
            self.in_braces = True
        self._emit("mark", self.position + 1)

    def _operator(self, char: str) -> None:
        operator = OPERATORS.match(self.text, self.position)
        if operator is None and char == "!":
            following = self.text[self.position + 1 : self.position + 2]
            self._refuse(f"unexpected character after '!': '{following}'")
        if operator is None:
            self._refuse(f"unexpected character: '{char}'")
        if operator[0] in ("=~", "!~"):
            self._refuse(f"unexpected character after '{operator[0][0]}': '~'")
        self._emit("operator", operator.end())

    def _inside_braces(self) -> None:
        char = self.text[self.position]
        if label := LABEL.match(self.text, self.position):
            self._emit("identifier", label.end())
        elif char in "\"'`":
            self._string()
        elif char == "}":
            self.in_braces = False
            self._emit("mark", self.position + 1)
        elif char == ",":
            self._emit("mark", self.position + 1)
        elif char == "{":
            self._refuse("unexpected left brace '{'")
        else:
            self._match_operator(char)

    def _match_operator(self, char: str) -> None:
        operator = OPERATORS.match(self.text, self.position)
        if char == "!" and operator is None:
            following = self.text[self.position + 1 : self.position + 2]
            self._refuse(f"unexpected character after '!' inside braces: '{following}'")
        if char not in "=!" or operator is None:
            self._refuse(f"unexpected character inside braces: '{char}'")
        if operator[0] == "==":
            self._emit("operator", self.position + 1)
            return
        self._emit("operator", operator.end())


def unquote(text: str, token: Token) -> str:
    """Read a quoted text as Go does. Raises BadQuery.

    Single bytes (escaped in hexadecimal or octal) are joined to characters; bytes that are no UTF-8
    are kept as lone surrogates, which no label ever has.
    """
    inner = token.text[1:-1]
    if token.text[0] == "`":
        return inner.replace("\r", "")
    if "\\" not in inner:
        return inner
    quote = token.text[0]

    def one(match: re.Match[str]) -> bytes:
        plain, octal, byte, short, long, other = match.groups()
        if plain and (plain not in "'\"" or plain == quote):
            return PLAIN_ESCAPES.get(plain, plain).encode()
        if octal or byte:
            return bytes([_byte(octal, byte, text, token.start)])
        if short or long:
            return _character(int(short or long, 16), text, token.start)
        shown = plain or other
        refuse(text, token.start, f"unknown escape sequence U+{ord(shown or ' '):04X} '{shown}'")

    parts: list[bytes] = []
    last = 0
    for match in ESCAPE.finditer(inner):
        parts += [inner[last : match.start()].encode("utf-8", "surrogatepass"), one(match)]
        last = match.end()
    parts.append(inner[last:].encode("utf-8", "surrogatepass"))
    return b"".join(parts).decode("utf-8", "surrogateescape")


def _byte(octal: str | None, byte: str | None, text: str, start: int) -> int:
    value = int(octal, 8) if octal else int(byte or "0", 16)
    if value > 255:
        refuse(text, start, "escape sequence is an invalid Unicode code point")
    return value


def _character(code: int, text: str, start: int) -> bytes:
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        refuse(text, start, "escape sequence is an invalid Unicode code point")
    return chr(code).encode()
