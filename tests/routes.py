"""Every route of the portal, from Django's resolver and from the socket's."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

PARAMETER = re.compile(r"<(?:(?P<converter>[^>:]+):)?(?P<name>[^>]+)>")
STAND_INS = {"int": "999999999", "uuid": "00000000-0000-0000-0000-000000000000"}


def routes() -> list[str]:
    """Return every path as it is declared, such as `/settings/tokens/<int:token_id>/revoke/`."""
    return sorted(set(_walk(get_resolver().url_patterns, "/")))


def names() -> list[tuple[str, str]]:
    """Return the name and the path of every route of ours that has a name."""
    found = get_resolver().url_patterns
    ours = [one for one in found if getattr(one, "namespace", None) is None]
    return sorted({pair for one in ours for pair in _named([one], "/")})


def _named(patterns: Iterable[Any], prefix: str) -> Iterator[tuple[str, str]]:
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if pattern.namespace is None:
                yield from _named(pattern.url_patterns, here)
        elif pattern.name:
            yield pattern.name, here


def _walk(patterns: Iterable[Any], prefix: str) -> Iterator[str]:
    for pattern in patterns:
        here = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, here)
        elif isinstance(pattern, URLPattern) and isinstance(pattern.pattern, RoutePattern):
            yield here


def filled(route: str, values: dict[str, object]) -> str:
    """Return a path of the route: given values, and stand-ins for the other parameters."""

    def value_of(match: re.Match[str]) -> str:
        stand_in = STAND_INS.get(match["converter"] or "str", "x")
        return str(values.get(match["name"], stand_in))

    return PARAMETER.sub(value_of, route)


def parameters(route: str) -> set[str]:
    return {match["name"] for match in PARAMETER.finditer(route)}
