"""The exception of input that cannot be used; knows nothing of HTTP."""

from __future__ import annotations


class FieldError(ValueError):
    """Input that cannot be used: `field` is a path such as `series[0].event`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
