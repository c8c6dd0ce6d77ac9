"""Take personal data out of events before anything of them is written. Pure.

A rule says what is looked for and what becomes of it. All rules of a source are first looked for at
once in the bytes of the whole batch, which costs next to nothing; only where something is found, the
events are looked at one by one. The matcher is RE2: it reads each character once whatever the
pattern, so no pattern that somebody typed can hold the way in up.
"""

from __future__ import annotations

import ipaddress
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import accumulate
from typing import Any

import orjson
import re2

from analytics.ingest.events import ALIAS, MAX_DEPTH

MAX_PATTERN = 500
MAX_MEMORY = 1 << 20  # of a compiled pattern
TOO_DEEP = "(nested too deeply)"
DROP, MASK, HASH = "drop", "mask", "hash"
DROPPED = object()
Json = dict[str, Any]


class BadPattern(ValueError):
    """A pattern that cannot be used; the text says why."""


@dataclass(frozen=True)
class Kind:
    """Something that can be looked for; `is_one` tells of what looks like it whether it is."""

    label: str
    pattern: str
    is_one: Callable[[str], bool] = lambda _: True
    in_numbers: bool = False


def digits(text: str) -> str:
    return "".join(one for one in text if one.isdigit())


def is_phone(text: str) -> bool:
    return 8 <= len(digits(text)) <= 15


def is_card(text: str) -> bool:
    """Check length, issuer and Luhn's sum."""
    found = digits(text)
    if not 13 <= len(found) <= 19 or found[0] not in "23456":
        return False
    doubled = [int(one) * (1 + place % 2) for place, one in enumerate(reversed(found))]
    return sum(one - 9 if one > 9 else one for one in doubled) % 10 == 0


def is_iban(text: str) -> bool:
    found = text.replace(" ", "")
    if not 15 <= len(found) <= 34:
        return False
    moved = found[4:] + found[:4]
    return int("".join(str(int(one, 36)) for one in moved)) % 97 == 1


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


TOKENS = "|".join(
    (
        r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*",  # JSON web tokens
        r"\b[sprw]k_(?:live|test)_[A-Za-z0-9]{16,}",
        r"\bgh[pousr]_[A-Za-z0-9]{30,}",
        r"\bxox[abeprs]-[A-Za-z0-9-]{10,}",
        r"\bAKIA[0-9A-Z]{16}\b",
        r"\bp[a-z]{2}_[0-9a-z]{8}_[0-9A-Za-z_-]{43}",  # our own keys
        r"\bBearer [A-Za-z0-9._~+/-]{16,}=*",
    )
)
KINDS: dict[str, Kind] = {
    "email": Kind(
        "E-mail addresses",
        r"[A-Za-z0-9._%+'-]{1,64}(?:@|%40)[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}",
    ),
    "phone": Kind(
        "Phone numbers (international, or as in 555-010-1234)",
        r"(?:\+|\b00)[1-9][\d ()./-]{6,20}\d|\(?\b\d{3}\)?[ .-]\d{3}[ .-]\d{4}\b",
        is_phone,
    ),
    "card": Kind("Card numbers", r"\b(?:\d[ -]?){12,18}\d\b", is_card, in_numbers=True),
    "iban": Kind("IBANs", r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", is_iban),
    "ip": Kind(
        "IP addresses",
        r"\b\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}\b|(?:[0-9A-Fa-f]{1,4}:){7}[0-9A-Fa-f]{1,4}"
        r"|[0-9A-Fa-f:]{0,30}::[0-9A-Fa-f:]{0,30}",
        is_address,
    ),
    "token": Kind("Tokens and keys", TOKENS),
    "key": Kind("Properties by name", ""),
    "pattern": Kind("A pattern of your own", ""),
}
NAMES = "password, passwd, secret, token, api_key, authorization, cookie, ssn"


def compiled(pattern: str) -> Any:
    """Compile a pattern. Raises BadPattern."""
    if not 0 < len(pattern) <= MAX_PATTERN:
        raise BadPattern(f"A pattern has 1 to {MAX_PATTERN} characters.")
    options = re2.Options()
    options.max_mem, options.log_errors = MAX_MEMORY, False
    try:
        found = re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise BadPattern(f"This pattern cannot be used: {reason}.") from error
    if found.search("") is not None:
        raise BadPattern("This pattern matches where nothing stands; say what to look for.")
    return found


@dataclass(frozen=True)
class Rule:
    """What is looked for, and what becomes of it. `pattern`: of the kinds `key` and `pattern`."""

    id: int
    kind: str
    action: str
    pattern: str = ""

    def check(self) -> None:
        """Raise BadPattern unless it can be applied."""
        if self.kind == "key":
            if not self.names:
                raise BadPattern("Name at least one property.")
        elif self.kind == "pattern":
            compiled(self.pattern)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the parts of names that are looked for, in small letters."""
        return tuple(one.strip().lower() for one in self.pattern.split(",") if one.strip())

    @property
    def looked_for(self) -> str:
        """Return a pattern that is found in the JSON of whatever the rule may catch."""
        if self.kind == "key":
            listed = "|".join(re2.escape(name) for name in self.names)
            return rf'(?i:(?:{listed})[^"]{{0,200}}"\s*:)'
        return f"(?:{self.pattern or KINDS[self.kind].pattern})"


class Scrubber:
    """All rules of one source that are on."""

    def __init__(self, rules: Sequence[Rule], key: bytes) -> None:
        self._key = key
        self._named = [rule for rule in rules if rule.kind == "key"]
        self._found = [
            (rule, KINDS[rule.kind], compiled_for(rule)) for rule in rules if rule.kind != "key"
        ]
        # Escaped characters may hide anything; a pattern of one's own may look at the edges of texts.
        edges = any("^" in rule.pattern or "$" in rule.pattern for rule in rules)
        looked_for = [rule.looked_for for rule in rules] + [r"\\u[0-9a-fA-F]{4}"]
        options = re2.Options()
        options.log_errors = False
        self._any = None if edges else re2.compile("|".join(looked_for).encode(), options)
        in_texts = [f"(?:{pattern.pattern})" for _, _, pattern in self._found]
        self._texts = re2.compile("|".join(in_texts), options) if in_texts else None

    def may_catch(self, packed: bytes) -> bool:
        """Tell whether anything may be caught in this JSON; most often it is not."""
        return self._any is None or self._any.search(packed) is not None

    def scrub(self, events: Iterable[Any]) -> None:
        """Change the properties of these events, in place."""
        held = [one for one in events if type(one) is dict and type(one.get("properties")) is dict]
        for event in self._suspicious(held):
            event["properties"] = self.properties(event["properties"], event.get("name"))

    def _suspicious(self, events: list[Json]) -> Iterator[Json]:
        """Give the events in whose properties something may be caught, found in one pass."""
        try:
            packed = [orjson.dumps(event["properties"]) for event in events]
        except TypeError:
            yield from events  # nested so deeply that it will be rejected
            return
        if self._any is None:
            yield from events
            return
        ends = list(accumulate(len(one) + 1 for one in packed))
        joined, at = b"\n".join(packed), 0
        while found := self._any.search(joined, at):
            place = bisect_right(ends, found.start())
            yield events[place]
            at = ends[place]
            if at >= len(joined):
                return

    def properties(self, given: Json, name: object = "") -> Json:
        """Return properties without what the rules catch; an alias is an id, and stays."""
        found: Json = self.value(given, 0)
        if name == ALIAS and "alias" in given:
            found["alias"] = given["alias"]
        return found

    def value(self, given: Any, depth: int) -> Any:
        """Return a JSON value without what the rules catch."""
        kind = type(given)
        if kind is str:
            return self.text(given)
        if kind is int and len(str(given)) > 11:
            return self.number(given)
        if kind is not dict and kind is not list:
            return given
        if depth > MAX_DEPTH:
            return TOO_DEEP
        if kind is list:
            found = [self.value(one, depth + 1) for one in given]
            return [one for one in found if one is not DROPPED]
        return self._object(given, depth)

    def _object(self, given: Json, depth: int) -> Json:
        found = {}
        for name, one in given.items():
            scrubbed = self._by_name(name, one)
            if scrubbed is one:
                scrubbed = self.value(one, depth + 1)
            if scrubbed is not DROPPED:
                found[name] = scrubbed
        return found

    def _by_name(self, name: str, value: Any) -> Any:
        if not self._named or value is None:
            return value
        lowered = name.lower()
        for rule in self._named:
            if any(part in lowered for part in rule.names):
                text = value if isinstance(value, str) else orjson.dumps(value).decode()
                return self._replacement(rule, text)
        return value

    def text(self, given: str) -> Any:
        if self._texts is not None and self._texts.search(given) is None:
            return given
        for rule, kind, pattern in self._found:
            if pattern.search(given) is None:
                continue
            spans = [
                (match.start(), match.end(), match.group(0))
                for match in pattern.finditer(given)
                if match.group(0) and kind.is_one(match.group(0))
            ]
            if spans and rule.action == DROP:
                return DROPPED
            for start, end, found in reversed(spans):
                given = f"{given[:start]}{self._replacement(rule, found)}{given[end:]}"
        return given

    def number(self, given: int) -> Any:
        """Look for what may stand as a number, such as a card's; it becomes a text."""
        text = str(given)
        for rule, kind, pattern in self._found:
            if kind.in_numbers and pattern.search(text) and kind.is_one(text):
                return self._replacement(rule, text)
        return given

    def _replacement(self, rule: Rule, found: str) -> Any:
        if rule.action == DROP:
            return DROPPED
        if rule.action == MASK:
            return f"[{rule.kind}]"
        digest = blake2b(normal(rule.kind, found).encode(), key=self._key, digest_size=10)
        return f"[{rule.kind}:{digest.hexdigest()}]"


def compiled_for(rule: Rule) -> Any:
    return (
        compiled(rule.pattern) if rule.kind == "pattern" else re2.compile(KINDS[rule.kind].pattern)
    )


def normal(kind: str, found: str) -> str:
    """Write what is the same in the same way, so that its hash is the same."""
    if kind == "email":
        return found.replace("%40", "@").lower()
    if kind in ("phone", "card"):
        return digits(found).removeprefix("00")
    return found.replace(" ", "") if kind == "iban" else found
