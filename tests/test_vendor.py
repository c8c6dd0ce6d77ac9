"""What others wrote is what they published: pinned, named with its license, unchanged."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path
from typing import Any

import plotly.offline
import pytest

ROOT = Path(__file__).parents[1]
MANIFEST: dict[str, Any] = json.loads((ROOT / "static" / "vendor.json").read_text())
HASHES = {
    file: digest for package in MANIFEST["packages"] for file, digest in package["files"].items()
}
FOLDERS = ("static/js/vendor", "static/css/vendor", "tests/browser/vendor")


@pytest.mark.parametrize("file", HASHES)
def test_a_vendored_file_has_the_hash_of_the_manifest(file: str) -> None:
    content = (ROOT / file).read_bytes()

    assert hashlib.sha256(content).hexdigest() == HASHES[file]


def test_every_vendored_file_is_in_the_manifest() -> None:
    found = {
        str(file.relative_to(ROOT))
        for folder in FOLDERS
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    }

    assert found <= set(HASHES)


def test_every_package_names_version_license_and_source() -> None:
    for package in MANIFEST["packages"]:
        assert all(package[key] for key in ("name", "version", "license", "source", "files"))


def test_the_browser_draws_with_the_plotly_that_the_server_writes_for() -> None:
    vendored = next(p["version"] for p in MANIFEST["packages"] if p["name"] == "plotly.js")

    assert plotly.offline.get_plotlyjs_version() == vendored


def test_the_packed_bundle_is_the_bundle() -> None:
    bundle = ROOT / "static/js/vendor/plotly-4.1.1-portal.min.js"

    assert gzip.decompress(bundle.with_suffix(".js.gz").read_bytes()) == bundle.read_bytes()


def test_no_vendored_script_of_the_pages_needs_eval() -> None:
    plotly_bundle = (ROOT / "static/js/vendor/plotly-4.1.1-portal.min.js").read_text()

    assert "new Function(" not in plotly_bundle
    assert "eval(" not in plotly_bundle.replace("medieval(", "")
