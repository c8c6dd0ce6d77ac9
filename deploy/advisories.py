"""Ask whether a pinned package has a known weakness: part of `make check`, once a day.

Fails for a known weakness only. Where no registry answers it says so and lets the rest go on; what a
mirror cannot tell is counted, not passed over.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
STAMP = ROOT / ".venv" / ".advisories"
FRESH_S = 24 * 60 * 60
LIMIT_S = 120
WORDS = (
    "-m", "pip_audit", "--disable-pip", "--require-hashes", "-r", "requirements.txt", "-f", "json",
    "--progress-spinner", "off", "--timeout", "5",
)  # fmt: skip


def main() -> int:
    if is_fresh():
        return say("Advisories: looked at within the last day.", 0)
    try:
        done = subprocess.run(  # noqa: S603
            [sys.executable, *WORDS], cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S,
            check=False,
        )  # fmt: skip
        packages: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return say("Advisories: skipped, no registry answered.", 0)
    code = judged(packages)
    if code == 0:
        STAMP.touch()
    return code


def is_fresh() -> bool:
    if not STAMP.exists():
        return False
    asked = STAMP.stat().st_mtime
    changed = (ROOT / "requirements.txt").stat().st_mtime
    return asked > changed and time.time() - asked < FRESH_S  # noqa: TID251  # a script's edge


def judged(packages: list[dict[str, Any]]) -> int:
    """Tell what was found; 1 for a known weakness."""
    unknown = [one for one in packages if "skip_reason" in one]
    weak = {one["name"]: one["vulns"] for one in packages if one.get("vulns")}
    for name, found in weak.items():
        ids = ", ".join(one["id"] for one in found)
        fixes = sorted({fix for one in found for fix in one.get("fix_versions", [])})
        say(f"Advisories: {name} has {ids}; fixed in {', '.join(fixes) or 'no version yet'}.", 1)
    asked = len(packages) - len(unknown)
    if not asked:
        return say("Advisories: skipped, this registry knows no advisories.", 0)
    return say(
        f"Advisories: {asked} packages asked, {len(unknown)} unknown here.", 1 if weak else 0
    )


def say(text: str, code: int) -> int:
    sys.stdout.write(f"{text}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
