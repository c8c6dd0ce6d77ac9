from __future__ import annotations

from dashboards.shipped import Box, Shipped

DATA_FLOW = Shipped(
    uid="data-flow",
    name="Data flow",
    description="The portal watching itself: what comes in, how far behind it is, what it costs.",
    tags=["operations"],
    starts="-1h",
    boxes=(
        Box(
            "accepted", "line", "Events accepted", (0, 0, 12, 6), "dataset", "events_accepted",
            "Per second, by source, once they are on disk.", 10,
        ),
        Box(
            "lag", "line", "Writer lag", (12, 0, 12, 6), "dataset", "writer_lag",
            "Age of the oldest accepted batch that is not in the engine yet.", 10,
        ),
        Box(
            "spool", "area", "Spool size", (0, 6, 8, 6), "dataset", "spool_size",
            "Bytes that wait for the engine.", 10,
        ),
        Box(
            "query-times", "line", "Query times", (8, 6, 8, 6), "dataset", "query_times", "", 10,
        ),
        Box(
            "answer-times", "line", "Answer times", (16, 6, 8, 6), "dataset", "request_times",
            "", 10,
        ),
        Box(
            "memory", "area", "Memory by process", (0, 12, 12, 6), "dataset", "process_memory",
            "", 10,
        ),
        Box(
            "processor", "area", "Processor by process", (12, 12, 12, 6), "dataset",
            "process_cpu", "1 is one core.", 10,
        ),
        Box(
            "about", "text", "About these figures", (0, 18, 24, 3), "text",
            "Every ten seconds the portal reads its own `/metrics` and keeps the samples. While"
            " the worker or Valkey is away that collection pauses and the lines have a gap;"
            " intake, pages and alerts do not depend on it. `manage.py doctor` says in one line"
            " each what is wrong.",
            refresh_s=3600,
        ),
    ),
)  # fmt: skip
