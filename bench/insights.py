"""Insights over 20 million events: what each form costs against a baseline of the same run.

The portal's own sources answer, without the cache of answers and, where raw is meant, without the
fast forms and the engine's query condition cache; the forms that they are compared with take turns
with them. Two cores, medians. `python -m bench.insights --data FOLDER` keeps the events for the
next run; `--events 100000000` asks every page once warm instead.
"""

from __future__ import annotations

import argparse
import importlib
import tempfile
from pathlib import Path

from bench._stage import staged

EVENTS = 20_000_000
MANY = 50_000_000


def main(events: int = EVENTS, data_dir: Path | None = None) -> dict[str, float]:
    """Measure; a folder that is given keeps its events, and is not filled again."""
    with (
        tempfile.TemporaryDirectory() as folder,
        staged(data_dir or Path(folder), events) as portal,
    ):
        # What imports Django's models can be imported only now.
        part = "bench._pages" if events >= MANY else "bench._ratios"
        figures: dict[str, float] = importlib.import_module(part).measured(portal)
        return figures


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args()
    for name, value in main(given.events, given.data).items():
        print(f"{name:<80} {value:>12.3f}")
