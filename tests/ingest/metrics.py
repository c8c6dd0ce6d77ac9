"""Bodies of samples as clients send them, and what the engine has of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from httpx import Response

from analytics.ingest import spool
from analytics.ingest.sample_writer import SampleWriter
from portal.lib import clock
from tests.ingest.bodies import WRITE
from tests.ingest.conftest import DoorClient, rows

RECORDED = Path(__file__).resolve().parents[3] / "shared" / "data" / "recorded"


def write(door: DoorClient, body: bytes, content_type: str = "application/x-protobuf") -> Response:
    return door.request(
        "POST", WRITE, content=body,
        headers={"Content-Type": content_type, "Content-Encoding": "snappy"},
    )  # fmt: skip


def recorded(pattern: str) -> list[dict[str, Any]]:
    """Return requests that real clients sent; skips where the recordings are not at hand."""
    files = sorted(RECORDED.glob(pattern))
    if not files:
        pytest.skip(f"no recordings at {RECORDED}")
    return [json.loads(file.read_text()) for file in files]


def replay(door: DoorClient, request: dict[str, Any], path: str = "") -> Response:
    left_out = ("host", "content-length", "connection", "x-portal-key", "accept-encoding")
    headers = {k: v for k, v in request["headers"].items() if k.lower() not in left_out}
    return door.request(
        request["method"], path or request["path"],
        content=base64.b64decode(request["raw_body_base64"]), headers=headers,
    )  # fmt: skip


def insert_all() -> None:
    """Bring all samples that are in the spool into the engine."""
    opened = spool.Spool(spool.path())
    writer = SampleWriter(opened)
    while writer.round(clock.now(), is_last=True):
        pass
    opened.close()


def stored(*names: str) -> dict[tuple[tuple[str, str], ...], list[tuple[int, float]]]:
    """Return the samples of metrics by their series' labels, name included."""
    found = rows(
        "SELECT name, labels, ts, value FROM (SELECT series, toUnixTimestamp64Milli(ts) AS ts,"
        " value FROM samples FINAL) AS kept INNER JOIN (SELECT id, any(name) AS name,"
        " anyLast(labels) AS labels FROM series GROUP BY id) AS known ON kept.series = known.id"
        " WHERE empty({names:Array(String)}) OR name IN {names:Array(String)} ORDER BY ts",
        names=list(names),
    )
    series: dict[tuple[tuple[str, str], ...], list[tuple[int, float]]] = {}
    for name, labels, ts, value in found:
        key = tuple(sorted({"__name__": name, **labels}.items()))
        series.setdefault(key, []).append((ts, value))
    return series


def key(**labels: str) -> tuple[tuple[str, str], ...]:
    """Return labels as `stored` has them."""
    return tuple(
        sorted({("__name__" if k == "metric" else k): v for k, v in labels.items()}.items())
    )


def count_rows(names: Iterable[str]) -> int:
    return sum(len(samples) for samples in stored(*names).values())
