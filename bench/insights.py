"""Insights over 20 million events: what each form costs against a baseline of the same run.

The portal's own sources answer, without the cache of answers and, where raw is meant, without the
fast forms and the engine's query condition cache; the forms that they are compared with take turns
with them, and must answer the same. Two cores, medians.

`python -m bench.insights --data FOLDER` keeps the events for the next run. With `--pages`, or 50
million events and more, it asks the pages of Explore instead, and tells how long each answer takes
and how much memory there was.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from pathlib import Path

from bench._stage import staged

EVENTS = 20_000_000
MANY = 50_000_000


def main(
    events: int = EVENTS, data_dir: Path | None = None, *, pages: bool = False
) -> dict[str, float]:
    """Measure; a folder that is given keeps its events, and is not filled again."""
    with (
        tempfile.TemporaryDirectory() as folder,
        staged(data_dir or Path(folder), events) as portal,
    ):
        # What imports Django's models can be imported only now.
        part = "bench._pages" if pages else "bench._ratios"
        figures: dict[str, float] = importlib.import_module(part).measured(portal)
        return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--data", type=Path, help="a folder to keep the events in")
    parser.add_argument("--pages", action="store_true", help="ask pages")
    given = parser.parse_args()
    ask_pages = given.pages or given.events >= MANY
    for name, value in main(given.events, given.data, pages=ask_pages).items():
        print(f"{name:<80} {value:>12.3f}")
