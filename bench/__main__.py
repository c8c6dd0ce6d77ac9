"""Run every benchmark: `make bench`, or `python -m bench intake` for one.

Each module of this package has `main() -> dict[str, float]`: figures by name, ratios first, all
against a baseline measured in the same run.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
import sys
from pathlib import Path

RESULTS = Path(__file__).parent / "results.json"


def main(wanted: list[str]) -> None:
    found = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    names = wanted or [name for name in found if not name.startswith("_")]
    results = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in names:
        print(f"== {name}")
        results[name] = importlib.import_module(f"bench.{name}").main()
        for figure, value in results[name].items():
            print(f"{figure:<60} {value:>12.3f}")
    RESULTS.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


main(sys.argv[1:])
