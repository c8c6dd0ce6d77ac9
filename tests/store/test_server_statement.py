from __future__ import annotations

import pytest

from portal.store.server.statement import (
    first_word,
    kill_of,
    names_a_file,
    output_format,
    split_insert,
)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (b"INSERT INTO t FORMAT CSV\n1\n", ("INSERT INTO t ", "CSV", b"1\n")),
        (b"INSERT INTO t FORMAT CSV\n\n1\n", ("INSERT INTO t ", "CSV", b"\n1\n")),
        (b"insert into t format JSONEachRow {}", ("insert into t ", "JSONEachRow", b"{}")),
        (b"INSERT INTO t FORMAT Native\r\n\x00 \xff", ("INSERT INTO t ", "Native", b"\x00 \xff")),
        (b"INSERT INTO t FORMAT CSV;\n1", ("INSERT INTO t ", "CSV", b"1")),
        (b"INSERT INTO t (a, format) FORMAT CSV", ("INSERT INTO t (a, format) ", "CSV", b"")),
        (b"INSERT INTO `format` FORMAT TSV\n", ("INSERT INTO `format` ", "TSV", b"")),
        (
            b"-- why\nINSERT INTO t SETTINGS a = 'FORMAT x' FORMAT CSV\n",
            ("-- why\nINSERT INTO t SETTINGS a = 'FORMAT x' ", "CSV", b""),
        ),
    ],
)
def test_an_insert_with_rows_is_cut(text: bytes, parts: tuple[str, str, bytes]) -> None:
    insert = split_insert(text)

    assert insert is not None
    assert (insert.head, insert.format, insert.data) == parts


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO t SELECT 1 FORMAT Null",
        b"INSERT INTO t VALUES (1) FORMAT",
        b"INSERT INTO t WITH 1 AS x SELECT x",
        b"SELECT 'INSERT INTO t FORMAT CSV'",
        b"",
    ],
)
def test_other_statements_are_left_whole(text: bytes) -> None:
    assert split_insert(text) is None


@pytest.mark.parametrize(
    ("sql", "found"),
    [
        ("SELECT 1", ("TSV", True)),
        ("SELECT 1 FORMAT JSON", ("JSON", False)),
        ("SELECT 1 format Native ;\n", ("Native", True)),
        ("SELECT 1 FORMAT CSV SETTINGS max_threads = 1", ("CSV", True)),
        ("SELECT 'FORMAT JSON' AS x", ("TSV", False)),
        ("SELECT 1 FORMAT JSON -- why", ("TSV", False)),
    ],
)
def test_an_answers_format_is_known_or_it_is_sent_whole(sql: str, found: tuple[str, bool]) -> None:
    assert output_format(sql, "TSV") == found


def test_a_kill_names_an_id_or_a_parameter() -> None:
    by_text = kill_of("KILL QUERY WHERE query_id = 'a b' SYNC", {})
    by_name = kill_of("kill query where query_id={id:String} FORMAT JSON", {"id": "x"})
    other = kill_of("KILL QUERY WHERE user = 'default'", {})

    assert by_text is not None
    assert (by_text.query_id, by_text.waits, by_text.format) == ("a b", True, None)
    assert by_name is not None
    assert (by_name.query_id, by_name.waits, by_name.format) == ("x", False, "JSON")
    assert other is None


def test_comments_hide_nothing() -> None:
    assert first_word(b" /* SELECT */ -- x\n insert into") == "INSERT"
    assert names_a_file(b"SELECT 1 INTO -- x\n OUTFILE 'x'")
    assert not names_a_file(b"SELECT 'INTO OUTFILE'")
