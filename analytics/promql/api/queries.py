"""Asking: at one moment, over a range, and what a query would be without asking it."""

from __future__ import annotations

from analytics.promql.answers import Answer, of_outcome, plain
from analytics.promql.api.answering import ApiError, FormView
from analytics.promql.api.described import EXEMPLARS, PARSED, QUERY, QUERY_RANGE
from analytics.promql.asking import Asked, answered, now_ms
from analytics.promql.formatting import formatted
from analytics.promql.outcome import Instant, Range
from analytics.promql.parameters import BadParameter, Form

MOST_POINTS = 11_000
TOO_MANY_POINTS = (
    "exceeded maximum resolution of 11,000 points per timeseries."
    " Try decreasing the query resolution (?step=XX)"
)
NO_STEP = "zero or negative query resolution step widths are not accepted. Try a positive integer"


class QueryView(FormView):
    """Answer a PromQL query as of one moment."""

    operations = {"get": QUERY, "post": QUERY}

    def answer(self, form: Form, **path: str) -> Answer:
        limit = form.limit()
        at = Instant(form.moment("time", otherwise=now_ms()))
        return asked(form, at, limit)


class QueryRangeView(FormView):
    """Answer a PromQL query at every step of a range."""

    operations = {"get": QUERY_RANGE, "post": QUERY_RANGE}

    def answer(self, form: Form, **path: str) -> Answer:
        limit = form.limit()
        return asked(form, range_of(form), limit)


class FormatQueryView(FormView):
    """Write a PromQL query over lines, as Prometheus does."""

    operations = {"get": PARSED, "post": PARSED}

    def answer(self, form: Form, **path: str) -> Answer:
        return plain(formatted(form.text("query")))


class ExemplarsView(FormView):
    """Answer that there are no exemplars: the portal keeps none."""

    operations = {"get": EXEMPLARS, "post": EXEMPLARS}

    def answer(self, form: Form, **path: str) -> Answer:
        start, end = form.moment("start", otherwise=0), form.moment("end", otherwise=now_ms())
        require_order(start, end)
        formatted(form.text("query"))
        return plain([])


def asked(form: Form, at: Instant | Range, limit: int) -> Answer:
    question = Asked(
        form.text("query"), at,
        lookback_ms=form.duration("lookback_delta"), timeout_ms=form.duration("timeout"),
    )  # fmt: skip
    return of_outcome(answered(question), limit=limit, with_stats=bool(form.text("stats")))


def range_of(form: Form) -> Range:
    """Return the grid that is asked for. Raises BadParameter."""
    start, end = form.moment("start"), form.moment("end")
    require_order(start, end)
    step = form.duration("step")
    if step is None:
        raise BadParameter("step", 'cannot parse "" to a valid duration')
    if step <= 0:
        raise BadParameter("step", NO_STEP)
    if (end - start) // step > MOST_POINTS:
        raise ApiError("bad_data", TOO_MANY_POINTS)
    return Range(start, end, step)


def require_order(start: int, end: int) -> None:
    if end < start:
        raise BadParameter("end", "end timestamp must not be before start time")
