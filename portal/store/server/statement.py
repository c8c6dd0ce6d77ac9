"""What must be known of a statement before the engine sees it; pure text work."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

TOKEN = re.compile(
    rb"--[^\n]*|/\*.*?\*/|'(?:\\.|''|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:\\.|[^`\\])*`|\w+|[^\w\s]",
    re.DOTALL,
)
COMMENT = (b"--", b"/*")
INPUT_FORMAT = re.compile(rb"\s*(\w+)[ \t\f]*;?\r?\n?")
OUTPUT_FORMAT = re.compile(
    r"\bFORMAT\s+(\w+)\s*(?:SETTINGS\b[^;]*)?;?\s*$", re.IGNORECASE | re.DOTALL
)
ANY_FORMAT = re.compile(r"\bFORMAT\b", re.IGNORECASE)
KILL = re.compile(
    r"^\s*KILL\s+QUERY\s+WHERE\s+query_id\s*=\s*(?:'(?P<id>[^'\\]*)'|\{(?P<param>\w+)\s*:\s*String\s*\})"
    r"\s*(?P<mode>SYNC|ASYNC|TEST)?\s*(?:FORMAT\s+(?P<format>\w+))?\s*;?\s*$",
    re.IGNORECASE,
)

READS = {"SELECT", "WITH", "(", "FROM"}
SHOWS = READS | {"SHOW", "DESCRIBE", "DESC", "EXPLAIN", "EXISTS", "CHECK", "KILL"}
# Only of these formats is a row of chunks the same as one whole: chDB writes every chunk of a
# stream as a document of its own (JSON with its own head, CSVWithNames with its own names).
STREAMABLE = {
    "Native", "TabSeparated", "TSV", "TabSeparatedRaw", "TSVRaw", "CSV", "JSONEachRow", "NDJSON",
    "JSONLines", "JSONCompactEachRow", "JSONStringsEachRow", "RowBinary", "LineAsString",
}  # fmt: skip


@dataclass(frozen=True)
class DataInsert:
    """An INSERT whose rows come after it: `head` without FORMAT, the format, and first bytes."""

    head: str
    format: str
    data: bytes


def first_word(sql: bytes) -> str:
    """Return the first word or sign of a statement, in capitals, comments left out."""
    for found in TOKEN.finditer(sql):
        if not found[0].startswith(COMMENT):
            return found[0].upper().decode(errors="replace")
    return ""


def split_insert(text: bytes) -> DataInsert | None:
    """Cut `INSERT INTO … FORMAT X <rows>` into its parts; None for any other statement."""
    if first_word(text[:4096]) != "INSERT":
        return None
    depth = 0
    for found in TOKEN.finditer(text):
        token = found[0]
        depth += (token == b"(") - (token == b")")
        if depth or not token.isalpha():
            continue
        word = token.upper()
        if word in (b"SELECT", b"VALUES", b"WITH"):
            return None
        name = INPUT_FORMAT.match(text, found.end()) if word == b"FORMAT" else None
        if name is not None:
            return DataInsert(text[: found.start()].decode(), name[1].decode(), text[name.end() :])
    return None


def names_a_file(sql: bytes) -> bool:
    """Say whether a statement reads or writes a file as ClickHouse's own client would.

    A server's client does that on its own machine; here it would be the engine's files.
    """
    if b"FILE" not in sql.upper():
        return False
    words = [found[0].upper() for found in TOKEN.finditer(sql) if found[0][:2] not in COMMENT]
    wanted = ((b"INTO", b"OUTFILE"), (b"FROM", b"INFILE"))
    return any(pair in wanted for pair in pairwise(words))


def output_format(sql: str, default: str) -> tuple[str, bool]:
    """Return the format that an answer will have, and whether it may be sent as a stream."""
    found = OUTPUT_FORMAT.search(sql)
    if found is not None:
        return found[1], found[1] in STREAMABLE
    return default, default in STREAMABLE and not ANY_FORMAT.search(sql)


@dataclass(frozen=True)
class Kill:
    """`KILL QUERY WHERE query_id = …`, with the id as the client knows it."""

    query_id: str
    waits: bool
    is_test: bool
    format: str | None


def kill_of(sql: str, params: dict[str, str]) -> Kill | None:
    """Recognize a KILL QUERY by id; the engine itself does not know its clients' ids."""
    found = KILL.match(sql)
    if found is None:
        return None
    query_id = found["id"] if found["id"] is not None else params.get(found["param"], "")
    mode = (found["mode"] or "ASYNC").upper()
    return Kill(query_id, mode == "SYNC", mode == "TEST", found["format"])
