"""Prometheus's remote write, 1.0 and 2.0: POST /prometheus/api/v1/write."""

from __future__ import annotations

import re

import cramjam
from google.protobuf.message import DecodeError

from analytics.ingest import bodies
from analytics.ingest.known_series import Generation
from analytics.ingest.measured import Measured, TooManyLabels, Untaken, shown
from analytics.ingest.protocols import (
    Answer,
    BadRequest,
    Headers,
    Problem,
    Receipt,
    Request,
    any_key,
    protocols,
)
from analytics.ingest.remote_write import one, two
from analytics.ingest.remote_write.shared import TooMuch

MAX_EXPANDED_BYTES = 10 << 20
V1, V2 = "prometheus.WriteRequest", "io.prometheus.write.v2.Request"
MEDIA_TYPE = re.compile(
    r"\s*application/x-protobuf\s*(?:;\s*proto=([\w.]+)\s*)?(?:;.*)?", re.IGNORECASE
)


class RemoteWrite:
    kind = "remote_write"
    label = "Prometheus remote write, 1.0 and 2.0"
    routes = ("/prometheus/api/v1/write",)
    methods = ("POST",)

    def authenticate(self, headers: Headers, query: str) -> str:
        return any_key(headers)

    def expand(self, packed: bytes, request: Request) -> bytes:
        encoding = request.headers.get("content-encoding", "snappy").strip().lower()
        if encoding != "snappy":
            message = f"Content-Encoding {shown(encoding)!r} is not taken here; use snappy."
            raise BadRequest(message, status=415)
        return snappy(packed)

    def decode(self, body: bytes, request: Request, series: Generation) -> Measured:
        read = two.read if message_of(request) == V2 else one.read
        try:
            return read(body, series)
        except DecodeError as error:
            raise BadRequest("The body is not the protobuf message that it should be.") from error
        except (TooManyLabels, TooMuch) as error:
            raise BadRequest(str(error), status=413) from error

    def answer(self, receipt: Receipt, request: Request) -> Answer:
        """Say 204, or 400 with what was not taken; the rest of such a body is kept all the same."""
        untaken = receipt.untaken
        headers = (
            ("X-Prometheus-Remote-Write-Samples-Written", str(receipt.accepted)),
            ("X-Prometheus-Remote-Write-Histograms-Written", "0"),
            ("X-Prometheus-Remote-Write-Exemplars-Written", "0"),
        )
        # 1.0 knows no exemplars: a body without them in it was written as a whole.
        if message_of(request) == V1:
            untaken = Untaken(untaken.samples, untaken.histograms)
        sentence = untaken.sentence()
        if not sentence:
            return Answer(204, b"", headers=headers)
        text = f"Written: {receipt.accepted} samples. Not written: {sentence}.\n"
        return Answer(400, text.encode(), "text/plain; charset=utf-8", headers)

    def refuse(self, problem: Problem, request: Request) -> Answer:
        return Answer(problem.status, f"{problem.message}\n".encode(), "text/plain; charset=utf-8")


def snappy(packed: bytes) -> bytes:
    """Expand a body in snappy's block format. Raises bodies.TooLarge, bodies.Undecodable."""
    try:
        if cramjam.snappy.decompress_raw_len(packed) > MAX_EXPANDED_BYTES:
            raise bodies.TooLarge(f"The body expands to more than {MAX_EXPANDED_BYTES >> 20} MiB.")
        return bytes(cramjam.snappy.decompress_raw(packed))
    except cramjam.DecompressionError as error:
        raise bodies.Undecodable("The body is not packed with snappy's block format.") from error


def message_of(request: Request) -> str:
    """Return the full name of the message that the body is. Raises BadRequest with 415."""
    if not request.content_type:
        return V1
    found = MEDIA_TYPE.fullmatch(request.content_type)
    name = found[1] or V1 if found else ""
    if name not in (V1, V2):
        message = (
            f"Content-Type {shown(request.content_type)!r} is not taken here;"
            f" use application/x-protobuf;proto={V2} or {V1}."
        )
        raise BadRequest(message, status=415)
    return name


protocols.add(RemoteWrite())
