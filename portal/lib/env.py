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

    def words(
        self, name: str, choices: tuple[str, ...], *, unless_told: tuple[str, ...] | None = None
    ) -> tuple[str, ...]:
        """Return the chosen ones of some words, all unless told; `none` chooses none."""
        listed = ", ".join(choices)
        default = choices if unless_told is None else unless_told
        return self._parsed(name, default, lambda raw: _words(raw, choices), f"some of {listed}")

    def place(self, name: str) -> str:
        """Read a URL or the absolute path of a file; nothing unless told."""
        raw = self.text(name)
        if not raw or Path(raw).is_absolute():
            return raw
        return self.url(name, ("http", "https"), "https://host/path, or an absolute path of a file")

    def texts(self, name: str) -> tuple[str, ...]:
        """Return texts separated by commas, as they are; none unless told."""
        return tuple(text.strip() for text in self.text(name).split(",") if text.strip())

    def origins(self, name: str) -> tuple[str, ...]:
        """Read whose pages may do something, as browsers name them; none unless told."""
        wanted = "origins such as https://wiki.example.com or https://*.example.com"
        return self._parsed(name, (), _origins, wanted)

    def prefix(self, name: str, default: str) -> str:
        """Read what names of metrics begin with."""
        return self._parsed(name, default, _prefix, "letters, digits and _, such as acme_")

    def addresses(self, name: str, taken: tuple[str, ...]) -> dict[str, str]:
        """Read `name=URL` pairs, separated by commas; `taken` are names that mean something else."""
        wanted = "pairs such as payments=https://api.example.com/health, separated by commas"
        return self._parsed(name, {}, lambda raw: _addresses(raw, taken), wanted)

    def name(self, name: str, *, needs: str) -> str:
        """Read a plain name, which has a meaning only beside another variable."""
        raw = self.text(name)
        if raw and not re.fullmatch(r"[A-Za-z_][\w-]*", raw):
            raise Misconfigured(f"{name}={raw!r} should be a plain name, such as portal.")
        if raw and not self.text(needs):
            raise Misconfigured(f"{name}={raw!r} has a meaning only with {needs}; set that too.")
        return raw

    def needed(self, name: str, *, by: str) -> str:
        """Read a text that must be there when another variable is."""
        raw = self.text(name)
        if self.text(by) and not raw:
            raise Misconfigured(f"{by} needs {name} beside it; set that too.")
        return raw

    def mapping(self, name: str, allowed: tuple[str, ...]) -> dict[str, str]:
        """Read a JSON object whose values are some of `allowed`."""
        wanted = 'a JSON object like {"group": "viewer"}, with ' + ", ".join(allowed)
        return self._parsed(name, {}, lambda raw: _string_map(raw, allowed), wanted)

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


def _origins(raw: str) -> tuple[str, ...]:
    found = tuple(text.strip().lower() for text in raw.split(",") if text.strip())
    shape = r"https?://(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?"
    if not all(re.fullmatch(shape, origin) for origin in found):
        raise ValueError(raw)
    return found


def _prefix(raw: str) -> str:
    if not re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]{0,39}", raw):
        raise ValueError(raw)
    return raw


def _addresses(raw: str, taken: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair in filter(None, map(str.strip, raw.split(","))):
        name, _, url = (part.strip() for part in pair.partition("="))
        if not re.fullmatch(r"[a-z][a-z0-9_-]{0,39}", name) or name in found or name in taken:
            raise ValueError(name)
        parts = urlsplit(_url(url, ("http", "https")))
        if not parts.hostname or parts.username or re.search(r"[\s\x7f]", url):
            raise ValueError(url)
        found[name] = url
    return found


def _words(raw: str, choices: tuple[str, ...]) -> tuple[str, ...]:
    words = tuple(word.strip() for word in raw.split(","))
    if words == ("none",):
        return ()
    if unknown := set(words) - set(choices):
        raise ValueError(unknown)
    return words


def _string_map(raw: str, allowed: tuple[str, ...]) -> dict[str, str]:
    value = json.loads(raw)
    if not isinstance(value, dict) or not all(item in allowed for item in value.values()):
        raise ValueError(raw)
    return value


def _hidden(raw: str) -> str:
    """Leave passwords out of what may be printed."""
    raw = re.sub(r"(://[^:/@\s]*:)[^/@\s]*@", r"\1***@", raw)
    try:
        parts: SplitResult = urlsplit(raw)
    except ValueError:
        return raw
    return raw.replace(f":{parts.password}@", ":***@") if parts.password else raw
