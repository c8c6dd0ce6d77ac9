"""Read typed values from the environment; the only module that touches it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

T = TypeVar("T")

TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off"}


class Misconfigured(Exception):
    """A setting cannot be used; the text names the variable and what it should look like."""


@dataclass(frozen=True)
class Env:
    """Typed view of environment variables; every reader raises Misconfigured on a bad value."""

    values: Mapping[str, str]

    @classmethod
    def from_process(cls) -> Env:
        return cls(os.environ)

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name) or default

    def flag(self, name: str, *, default: bool) -> bool:
        raw = self.text(name).lower()
        if raw in TRUE:
            return True
        if raw in FALSE:
            return False
        if raw:
            raise Misconfigured(f"{name}={raw!r} should be true or false.")
        return default

    def integer(self, name: str, default: int, *, low: int, high: int) -> int:
        return self._parsed(
            name, default, lambda raw: _between(int(raw), low, high), f"a number {low} to {high}"
        )

    def path(self, name: str, default: Path) -> Path:
        raw = self.text(name)
        return Path(raw).expanduser().resolve() if raw else default

    def zone(self, name: str, default: str) -> str:
        return self._parsed(name, default, _zone, "an IANA time zone such as Europe/Berlin")

    def url(self, name: str, schemes: tuple[str, ...], example: str) -> str:
        return self._parsed(name, "", lambda raw: _url(raw, schemes), f"a URL like {example}")

    def words(self, name: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        """Return the chosen ones of some words, all unless told; `none` chooses none."""
        listed = ", ".join(choices)
        return self._parsed(name, choices, lambda raw: _words(raw, choices), f"some of {listed}")

    def name(self, name: str, *, needs: str) -> str:
        """Read a plain name, which has a meaning only beside another variable."""
        raw = self.text(name)
        if raw and not re.fullmatch(r"[A-Za-z_][\w-]*", raw):
            raise Misconfigured(f"{name}={raw!r} should be a plain name, such as portal.")
        if raw and not self.text(needs):
            raise Misconfigured(f"{name}={raw!r} has a meaning only with {needs}; set that too.")
        return raw

    def mapping(self, name: str) -> dict[str, str]:
        return self._parsed(name, {}, _string_map, 'a JSON object like {"group": "viewer"}')

    def _parsed(self, name: str, default: T, parse: Callable[[str], T], wanted: str) -> T:
        raw = self.text(name)
        if not raw:
            return default
        try:
            return parse(raw)
        except (ValueError, ZoneInfoNotFoundError) as error:
            raise Misconfigured(f"{name}={_hidden(raw)!r} should be {wanted}.") from error


def _between(value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise ValueError(value)
    return value


def _zone(raw: str) -> str:
    ZoneInfo(raw)
    return raw


def _url(raw: str, schemes: tuple[str, ...]) -> str:
    parts = urlsplit(raw)
    port_is_valid = parts.port is None or parts.port > 0
    names_a_place = parts.netloc or parts.query or (parts.scheme == "unix" and parts.path)
    if parts.scheme not in schemes or not names_a_place or not port_is_valid:
        raise ValueError(raw)
    return raw


def _words(raw: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word.strip() for word in raw.split(","))
    if words == ("none",):
        return ()
    if unknown := set(words) - set(choices):
        raise ValueError(unknown)
    return words


def _string_map(raw: str) -> dict[str, str]:
    value = json.loads(raw)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise ValueError(raw)
    return value


def _hidden(raw: str) -> str:
    """Leave a password out of what may be printed."""
    try:
        parts: SplitResult = urlsplit(raw)
    except ValueError:
        return raw
    return raw.replace(f":{parts.password}@", ":***@") if parts.password else raw
