"""What the portal consists of, and whether any of it has a known weakness."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deploy import advisories

ROOT = Path(__file__).resolve().parent.parent


def test_the_bill_of_materials_names_every_pinned_package_and_vendored_file(tmp_path: Path) -> None:
    pinned = re.findall(
        r"^([\w.-]+(?:\[[\w,]+\])?)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE
    )
    vendored = json.loads((ROOT / "static" / "vendor.json").read_text())["packages"]

    subprocess.run(
        [sys.executable, "deploy/sbom.py", str(tmp_path / "sbom.json")], cwd=ROOT, check=True,
        capture_output=True,
    )  # fmt: skip

    bill = json.loads((tmp_path / "sbom.json").read_text())
    names = {one["name"] for one in bill["components"]}
    assert bill["bomFormat"] == "CycloneDX"
    assert {name.partition("[")[0] for name in pinned} | {one["name"] for one in vendored} == names


@pytest.mark.parametrize(
    ("packages", "code", "told"),
    [
        ([{"name": "a", "vulns": []}], 0, "1 packages asked"),
        ([{"name": "a", "skip_reason": "not found"}], 0, "skipped"),
        (
            [{"name": "a", "vulns": [{"id": "X-1", "fix_versions": ["2"]}]}],
            1,
            "a has X-1; fixed in 2",
        ),
    ],
)
def test_only_a_known_weakness_fails_the_check(
    packages: list[dict[str, Any]], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert advisories.judged(packages) == code
    assert told in capsys.readouterr().out
