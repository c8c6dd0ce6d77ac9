"""Prometheus's API in the OpenAPI schema."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiResponse

from portal.lib.openapi import ANY, OBJECT, TEXT, Operation, PlainSchema, listed, record

REFUSALS = {
    400: "A parameter cannot be used, or the query is no PromQL; `error` says where.",
    401: "The token is missing, unknown, expired or revoked.",
    403: "A right or a scope is missing; `error` says which.",
    422: "The query could be read, but not answered: too many samples, or sets that do not match.",
    429: "Too many calls; `Retry-After` says when to come back.",
    503: "The query took too long, or a part of the portal does not answer.",
}
ERROR = record(("status", "errorType", "error"), status=TEXT, errorType=TEXT, error=TEXT)
TIME = "RFC 3339, or seconds since 1970."
DURATION = "Seconds, or a duration such as 1h30m."
SELECTORS = 'A selector such as up{job="x"}; may be given several times.'
COMMON = {
    "query": "PromQL.",
    "timeout": f"At most as long as your roles allow. {DURATION}",
    "limit": "At most so many series; 0 for any number.",
    "lookback_delta": f"How far back a sample counts; 5m by default. {DURATION}",
    "stats": "Anything: the answer says what it took.",
}
BETWEEN = {"start": TIME, "end": TIME, "limit": "At most so many; 0 for any number."}


def envelope(data: dict[str, Any]) -> dict[str, Any]:
    return record(
        ("status", "data"), status=TEXT, data=data, warnings=listed(TEXT), infos=listed(TEXT)
    )


def operation(data: dict[str, Any], **query: str) -> Operation:
    return Operation(answer=envelope(data), query=query)


SAMPLE = listed(ANY)
RESULT = record(
    ("resultType", "result"),
    resultType=TEXT,
    result=listed(record(metric=ANY, value=SAMPLE, values=listed(SAMPLE))),
)
QUERY = operation(RESULT, **COMMON, time=f"As of when; now by default. {TIME}")
QUERY_RANGE = operation(RESULT, **COMMON, start=TIME, end=TIME, step=DURATION)
TEXTS = operation(listed(TEXT), **BETWEEN, **{"match[]": SELECTORS})
SERIES = operation(listed(record(__name__=TEXT)), **BETWEEN, **{"match[]": SELECTORS})
PARSED = operation(TEXT, query="PromQL.")
METADATA = operation(
    OBJECT, limit="At most so many metrics.", limit_per_metric="At most so many a metric.",
    metric="Of this metric alone.",
)  # fmt: skip
EXEMPLARS = operation(listed(OBJECT), query="PromQL.", start=TIME, end=TIME)


class PrometheusSchema(PlainSchema):
    """An operation of Prometheus's API: a form goes in, Prometheus's own envelope comes out."""

    def get_request_serializer(self) -> Any:
        fields = {
            name: TEXT | {"description": text} for name, text in self._operation().query.items()
        }
        return {"application/x-www-form-urlencoded": record(**fields)}

    def get_response_serializers(self) -> Any:
        found = {
            status: OpenApiResponse(ERROR, description=text) for status, text in REFUSALS.items()
        }
        return {200: OpenApiResponse(self._operation().answer, description="The answer."), **found}

    def get_override_parameters(self) -> list[Any]:
        return [] if self.method == "POST" else super().get_override_parameters()

    def get_tags(self) -> list[str]:
        return ["prometheus"]
