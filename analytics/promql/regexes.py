"""Regular expressions as Prometheus has them: RE2's, for the whole value, `.` any character. Pure."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import re2

MOST_CHARACTERS = 10_000
# A program may take 8 MiB; RE2 then refuses, where Go would go on.
OPTIONS = re2.Options()
OPTIONS.never_nl = False
OPTIONS.dot_nl = True
OPTIONS.log_errors = False
OPTIONS.max_mem = 8 << 20


class BadRegex(ValueError):
    """The text is no regular expression, or too large a one."""


@lru_cache(maxsize=1_000)
def pattern(text: str) -> Any:
    """Compile an expression, for `fullmatch`. Raises BadRegex."""
    if len(text) > MOST_CHARACTERS:
        raise BadRegex(f"a regular expression has {MOST_CHARACTERS:,} characters at most")
    try:
        return re2.compile(text, OPTIONS)
    except (re2.error, UnicodeEncodeError) as problem:
        said = problem.args[0] if problem.args else "not readable"
        raise BadRegex(said.decode() if isinstance(said, bytes) else str(said)) from None
