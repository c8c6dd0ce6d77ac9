"""ClickHouse's error codes, the HTTP status that goes with each, and its wording."""

from __future__ import annotations

import re

CODE = re.compile(r"Code: (\d+)\.")
VERSION_TRAILER = re.compile(r"\(version [^)]*\)+\s*$")

SYNTAX_ERROR = 62
BAD_ARGUMENTS = 36
TIMEOUT = 159
READONLY = 164
TOO_MANY_QUERIES = 202
TOO_LARGE = 131
CANCELLED = 394
OUTFILE_NOT_ALLOWED = 144
ABORTED = 236
NOT_IMPLEMENTED = 48
AUTHENTICATION_FAILED = 516
UNKNOWN_EXCEPTION = 1002

# From ClickHouse's exceptionCodeToHTTPStatus; what is not listed is 500.
STATUS = {
    **dict.fromkeys((26, 27, 6, 38, 41, 43, 53, 62, 69, 70, 130, 441, 457, 36, 33, 115, 117), 400),
    **dict.fromkeys((46, 47, 60, 81, 82, 16, 71, 76, 107, 50, 56), 404),
    **dict.fromkeys((131, 161, 432), 413),
    AUTHENTICATION_FAILED: 401,
    TIMEOUT: 408,
    NOT_IMPLEMENTED: 501,
    TOO_MANY_QUERIES: 503,
    ABORTED: 503,
}


class EngineError(Exception):
    """A statement failed; `code` and `text` are ClickHouse's."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text

    @property
    def status(self) -> int:
        return STATUS.get(self.code, 500)


def refusal(code: int, name: str, message: str) -> EngineError:
    """Make an error of our own in ClickHouse's wording."""
    return EngineError(code, f"Code: {code}. DB::Exception: {message} ({name})")


def from_native(error: RuntimeError) -> EngineError:
    """Read the code out of what chDB raised."""
    text = str(error).strip()
    found = CODE.search(text)
    if found is None:
        text = f"Code: {UNKNOWN_EXCEPTION}. DB::Exception: {text} (UNKNOWN_EXCEPTION)"
    code = int(found[1]) if found else UNKNOWN_EXCEPTION
    return EngineError(code, VERSION_TRAILER.sub("", text).rstrip())
