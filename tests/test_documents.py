"""What the documents say and the code does agree, where that can be checked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
HOW_TO = {"CONTRIBUTING.md", "design.md"}  # these name files that their reader is to make
DOCS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
READ = re.compile(r'\benv(?:ironment)?\.(\w+)\(\s*"([A-Z_]+)"(?:,\s*([^,)]+))?')
DOCUMENTED = re.compile(r"^\| `([A-Z_]+)` \| ([^|]+) \|", re.MULTILINE)
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|#|mailto:)([^)#\s]+)")
# Paths such as `docs/settings.md` or `portal/celery.py` in running text.
NAMED = re.compile(
    r"`((?:portal|analytics|dashboards|docs|tests|bench|templates|static)/[\w./-]+\.\w+)`"
)
COMMAND = re.compile(r"manage\.py ([a-z_]+)")


def settings_read() -> dict[str, str]:
    """Return every variable that settings.py reads, and its default as written there."""
    text = (ROOT / "portal" / "settings.py").read_text()
    return {name: default.strip() for _, name, default in READ.findall(text)}


def settings_documented() -> dict[str, str]:
    text = (ROOT / "docs" / "settings.md").read_text()
    return {name: default.strip() for name, default in DOCUMENTED.findall(text)}


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    assert set(settings_documented()) == set(settings_read())


@pytest.mark.parametrize(
    "name",
    ["PORTAL_PORT", "PORTAL_HOST", "PORTAL_TIME_ZONE", "PORTAL_METRIC_PREFIX",
     "PORTAL_LOG_FORMAT", "PORTAL_SPOOL_MAX_MB", "PORTAL_DISK_RESERVE_MB"],
)  # fmt: skip
def test_documented_defaults_are_the_ones_that_apply(name: str) -> None:
    assert settings_documented()[name].strip("`") == settings_read()[name].strip('"')


@pytest.mark.parametrize("document", DOCS, ids=lambda file: file.name)
def test_links_and_named_files_exist(document: Path) -> None:
    text = document.read_text()

    missing = [link for link in LINK.findall(text) if not (document.parent / link).exists()]
    if document.name not in HOW_TO:
        named = (name for name in NAMED.findall(text) if "NNNN" not in name)
        missing += [name for name in named if not (ROOT / name).exists()]

    assert missing == []


def test_every_command_that_the_documents_name_exists() -> None:
    known = {file.stem for file in ROOT.glob("*/**/management/commands/*.py")}
    known |= {"check", "makemigrations", "migrate", "shell", "test", "help"}

    named = {name for document in DOCS for name in COMMAND.findall(document.read_text())}

    assert named - known == set()


def test_make_targets_named_in_the_readme_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()

    named = set(re.findall(r"`make ([a-z]+)`", (ROOT / "README.md").read_text()))

    assert [
        target for target in named if not re.search(rf"^{target}:", makefile, re.MULTILINE)
    ] == []


def test_every_test_that_asvs_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "asvs.md").read_text()))
    written = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE)
    }

    assert len(named) > 60
    assert named - written == set()
