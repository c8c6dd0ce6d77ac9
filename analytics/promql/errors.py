"""What can go wrong with a question in PromQL. Pure."""

from __future__ import annotations


class QueryFailed(Exception):
    """A question that was not answered; the message says why, in Prometheus's words."""


class BadQuery(QueryFailed):
    """The text is no PromQL, or PromQL that is not taken here.

    `position` counts characters of the query from 0; it is None where the whole is meant.
    """

    def __init__(self, message: str, position: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


class BadRange(QueryFailed):
    """The grid asked for makes no sense, or has more points than are answered."""


class EvaluationFailed(QueryFailed):
    """The question could be read, but not computed on these series."""


class TooManySamples(EvaluationFailed):
    """More samples would be in memory than one question may have."""


class TimedOut(QueryFailed):
    """The answer took longer than it may."""


class Cancelled(QueryFailed):
    """Nobody waits for the answer any more; raised by `check` of whoever asks."""
