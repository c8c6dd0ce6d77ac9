"""Going through a query's tokens. Pure."""

from __future__ import annotations

import math
from typing import NoReturn

from analytics.promql.literals import MOST_MS, NotReadable, duration_ms, number
from analytics.promql.tokens import Token, refuse, tokens

DURATION_EXPRESSIONS = frozenset({"+", "-", "(", "step", "range", "min", "max", "min_of", "max_of"})


class Cursor:
    """Where reading has got to; `ahead` is the next token. All of it raises BadQuery."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens(text)
        self.index = 0

    @property
    def ahead(self) -> Token:
        return self.tokens[self.index]

    @property
    def last_end(self) -> int:
        return self.tokens[self.index - 1].end

    def take(self) -> Token:
        token = self.tokens[self.index]
        self.index += token.kind != "end"
        return token

    def is_mark(self, *texts: str) -> bool:
        return self.ahead.kind == "mark" and self.ahead.text in texts

    def is_word(self, *texts: str) -> bool:
        return self.ahead.kind in ("keyword", "operator") and self.ahead.text in texts

    def refuse(self, problem: str, position: int | None = None) -> NoReturn:
        refuse(self.text, self.ahead.start if position is None else position, problem)

    def unexpected(self, context: str = "", expected: str = "") -> NoReturn:
        within = f" in {context}" if context else ""
        wanted = f", expected {expected}" if expected else ""
        self.refuse(f"unexpected {self.ahead.shown}{within}{wanted}")

    def need(self, mark: str, context: str, expected: str = "") -> Token:
        if not self.is_mark(mark):
            self.unexpected(context, expected or f'"{mark}"')
        return self.take()

    def is_at_end(self) -> bool:
        return self.ahead.kind == "end"

    def number(self) -> float:
        token = self.take()
        try:
            return number(token.text)
        except NotReadable as problem:
            self.refuse(str(problem), token.start)

    def plain_duration(self, context: str) -> int:
        """Read `5m` or a number of seconds."""
        token = self.ahead
        if token.text in DURATION_EXPRESSIONS and token.kind != "string":
            self.refuse_duration_expression()
        if token.kind not in ("duration", "number"):
            self.unexpected(context, "number, duration, or step()")
        try:
            ms = duration_ms(token.text) if token.kind == "duration" else self.seconds(token)
        except NotReadable as problem:
            self.refuse(str(problem), token.start)
        self.take()
        return ms

    def seconds(self, token: Token) -> int:
        seconds = number(token.text)
        if math.isnan(seconds) or abs(seconds) * 1000 > MOST_MS:
            raise NotReadable("duration out of range")
        return round(seconds * 1000)

    def refuse_duration_expression(self) -> NoReturn:
        self.refuse("duration expressions are experimental and not enabled")
