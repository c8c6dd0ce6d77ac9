"""The house as docs/architecture.md describes it."""

from __future__ import annotations

import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = {"portal", "analytics", "dashboards"}
# Not importable from elsewhere by design: settings are read through django.conf.
OUTSIDE_THE_LAYERS = {"portal.settings", "portal.apps"}


def layers() -> list[str]:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    layered = next(
        contract for contract in contracts["contracts"] if contract["name"] == "Who may import whom"
    )
    return [name.strip(" ()") for line in layered["layers"] for name in line.split("|")]


def parts() -> set[str]:
    """Every package below portal and analytics, and every other top-level package."""
    nested = {
        f"{top}.{child.stem}"
        for top in ("portal", "analytics")
        for child in (ROOT / top).iterdir()
        if (child.is_dir() and (child / "__init__.py").exists())
        or (child.suffix == ".py" and child.stem != "__init__")
    }
    return nested | (TOP_LEVEL - {"portal", "analytics"})


def test_every_package_has_a_layer() -> None:
    assert parts() - OUTSIDE_THE_LAYERS - set(layers()) == set()


def test_every_layer_stands_in_the_architecture_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()

    missing = [name for name in layers() if name not in page]

    assert missing == []


def test_decisions_are_numbered_without_a_gap() -> None:
    numbers = [int(file.name[:4]) for file in sorted((ROOT / "docs/decisions").glob("*.md"))]

    assert numbers == list(range(1, len(numbers) + 1))
