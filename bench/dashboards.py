"""Dashboards: a board of 20 widgets asked cold, cached and after each new minute; 2,000 viewers of one
board on one web process; and what a board that moves takes of a browser's main thread.

`python -m bench.dashboards --events 1000000 --data FOLDER` is a smaller run that keeps its events.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from pathlib import Path

from bench._stage import staged

EVENTS = 20_000_000
PARTS = ("_board", "_viewers", "_screen")


def main(
    events: int = EVENTS, data_dir: Path | None = None, parts: tuple[str, ...] = PARTS
) -> dict[str, float]:
    """Measure; a folder that is given keeps its events, and is not filled again."""
    figures: dict[str, float] = {}
    with (
        tempfile.TemporaryDirectory() as folder,
        staged(data_dir or Path(folder), events) as portal,
    ):
        for part in parts:
            # What imports Django's models can be imported only now.
            figures |= importlib.import_module(f"bench.{part}").measured(portal)
    return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--data", type=Path, help="a folder to keep the events in")
    parser.add_argument("--part", choices=PARTS, action="append", help="only this one")
    given = parser.parse_args()
    for name, value in main(given.events, given.data, tuple(given.part or PARTS)).items():
        print(f"{name:<80} {value:>12.3f}")
