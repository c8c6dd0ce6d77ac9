"""The house as docs/architecture.md describes it."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

from tests.routes import names

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


@pytest.mark.parametrize("kept", ["docs/decisions/*.md", "portal/store/schema/*.sql"])
def test_decisions_and_tables_are_numbered_without_a_gap(kept: str) -> None:
    numbers = [int(file.name[:4]) for file in sorted(ROOT.glob(kept))]

    assert numbers == list(range(1, len(numbers) + 1))


# They speak to servers of the portal itself, or are not part of it; identity providers are called by
# allauth's own client, which portal/sign_in/outbound.py checks.
MAY_CALL_OUT = (
    "portal/lib/http/", "portal/embedded/", "portal/store/", "portal/health.py",
    "analytics/collect/scrape.py", "analytics/collect/demo/sending.py", "analytics/client.py",
    "portal/sign_in/",
)  # fmt: skip
WAYS_OUT = {"urllib.request", "http.client", "httpx", "httpcore", "requests", "urllib3", "aiohttp"}


def test_whatever_calls_out_does_so_by_the_client_that_checks_addresses() -> None:
    files = [
        file.relative_to(ROOT).as_posix()
        for top in TOP_LEVEL
        for file in (ROOT / top).rglob("*.py")
    ]

    others = {
        name: found
        for name in files
        if not name.startswith(MAY_CALL_OUT) and (found := imported(ROOT / name) & WAYS_OUT)
    }

    assert others == {}


def imported(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found | {name.partition(".")[0] for name in found}


def test_no_two_routes_have_one_name() -> None:
    paths: dict[str, set[str]] = {}
    for name, path in names():
        paths.setdefault(name, set()).add(path)

    assert {name: found for name, found in paths.items() if len(found) > 1} == {}
