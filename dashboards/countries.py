"""Countries by what data call them: ISO 3166 codes of two or three letters, or an English name. Pure."""

from __future__ import annotations

from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("countries.txt")  # code|three letters|name|other names


@cache
def names() -> dict[str, str]:
    """Return each country's usual name by its code of two letters."""
    rows = [line.split("|") for line in FILE.read_text().splitlines()]
    return {code: name for code, _, name, *_ in rows}


@cache
def codes() -> dict[str, str]:
    """Return the code of two letters by everything that a country is called, in lower case."""
    rows = [line.split("|") for line in FILE.read_text().splitlines()]
    found = {name.lower(): row[0] for row in rows for name in row[2:]}
    return (
        found | {row[1].lower(): row[0] for row in rows} | {row[0].lower(): row[0] for row in rows}
    )


def code_of(text: str) -> str:
    """Return a country's code of two letters; nothing for what is no country."""
    return codes().get(text.strip().lower(), "")
