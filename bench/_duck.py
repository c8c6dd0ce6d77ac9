"""The same events in DuckDB, the peer that fits into a process; only the benchmarks need it."""

from __future__ import annotations

import importlib
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.client import Client

from bench._events import COUNTRIES, DAYS, OTHERS, PLANS, START, STEPS
from bench._stage import CORES

duckdb: Any = importlib.import_module("duckdb") if find_spec("duckdb") else None
Rows = list[tuple[Any, ...]]


def is_here() -> bool:
    """Tell whether DuckDB is installed, and how to get it."""
    if duckdb is None:
        print("Nothing is compared with DuckDB: pip install -r requirements-dev.txt")
    return duckdb is not None


class Duck:
    """A DuckDB file with the columns that the questions need, typed as well as it can."""

    def __init__(self, file: Path, engine: Client) -> None:
        is_new = not file.exists()
        self._connection = duckdb.connect(str(file), config={"threads": CORES})
        if is_new:
            self._fill(engine)

    def ask(self, sql: str) -> Rows:
        rows: Rows = self._connection.execute(sql).fetchall()
        return rows

    def _fill(self, engine: Client) -> None:
        """Copy the events in the order that the engine keeps them in, name and day first."""
        for name, values in (
            ("event", STEPS + OTHERS), ("place", COUNTRIES), ("plan", PLANS),
            ("device", ("web", "ios", "android")),
        ):  # fmt: skip
            listed = ", ".join(f"'{value}'" for value in sorted(values))
            self.ask(f"CREATE TYPE {name} AS ENUM ({listed})")
        self.ask(
            "CREATE TABLE events (name event, day DATE, person UBIGINT, ts TIMESTAMP,"
            " country place, plan plan, platform device, revenue DOUBLE)"
        )
        for month in range(0, DAYS, 10):
            first = (START + timedelta(days=month)).date()
            rows = engine.query_arrow(
                "SELECT name, toDate(day) AS day, person, ts, nullIf(strings['country'], '') AS country,"
                " strings['plan'] AS plan, platform, numbers['revenue'] AS revenue FROM events"
                f" WHERE day >= '{first}' AND day < toDate('{first}') + 10"
                " ORDER BY name, day, person, ts",
                use_strings=True,
            )
            self._connection.register("rows", rows)
            self.ask("INSERT INTO events SELECT * FROM rows ORDER BY name, day, person, ts")
            self._connection.unregister("rows")
        self.ask("CHECKPOINT")
