"""Files of events, imported from a second terminal while the writer runs."""

from __future__ import annotations

import gzip
import io
import json
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from analytics.ingest import imports, spool
from analytics.ingest.management.commands import run_writer
from analytics.ingest.models import Source
from tests.ingest.conftest import rows

HISTORY = Path(__file__).parents[3] / "shared" / "data" / "ansible-history.ndjson.gz"


@pytest.fixture
def running_writer(data_dir: Path, engine: None, transactional_db: None) -> Iterator[None]:
    """Run the writer as its command does."""
    stop = threading.Event()

    def work() -> None:
        try:
            with run_writer.only_writer():
                started.set()
                run_writer.run(stop)
        finally:
            connection.close()

    started = threading.Event()
    thread = threading.Thread(target=work)
    thread.start()
    started.wait(10)
    yield
    stop.set()
    thread.join()


def import_files(*files: Path, **options: Any) -> dict[str, int]:
    """Run the command; return the counts that it prints."""
    output = io.StringIO()
    call_command("import_events", *map(str, files), stdout=output, stderr=io.StringIO(), **options)
    lines = [line.split() for line in output.getvalue().splitlines()]
    return {name: int(count) for name, count in lines}


def written(file: Path, lines: list[Any]) -> Path:
    text = b"".join((x if isinstance(x, bytes) else orjson.dumps(x)) + b"\n" for x in lines)
    file.write_bytes(gzip.compress(text) if file.suffix == ".gz" else text)
    return file


@pytest.mark.parametrize("name", ["events.ndjson", "events.ndjson.gz", "events.jsonl"])
def test_a_second_import_changes_nothing(running_writer: None, tmp_path: Path, name: str) -> None:
    same = {"name": "same"}
    file = written(tmp_path / name, [{"id": "1", "name": "a"}, same, same, {"name": "b"}])

    first, second = import_files(file), import_files(file)

    assert first == {"accepted": 4, "duplicate": 0, "rejected": 0}
    assert second == {"accepted": 0, "duplicate": 4, "rejected": 0}
    assert rows("SELECT count() FROM events") == [(4,)]


def test_rejected_lines_stand_beside_the_file_with_their_reasons(
    running_writer: None, tmp_path: Path
) -> None:
    file = written(
        tmp_path / "events.ndjson",
        [{"name": "a"}, {"name": 5}, b"not json", b"", b"[1]", b'{"name":"' + b"x" * (1 << 20) + b'"}',
         {"name": "b"}],
    )  # fmt: skip

    counts = import_files(file)

    assert counts == {"accepted": 2, "duplicate": 0, "rejected": 4}
    rejected = Path(f"{file}.rejected.ndjson")
    reasons = [json.loads(line) for line in rejected.read_text().splitlines()]
    assert [(one["line"], one["field"]) for one in reasons] == [
        (2, "name"), (3, "event"), (5, "event"), (6, "event"),
    ]  # fmt: skip
    assert reasons[0]["event"] == {"name": 5}


def test_in_a_folder_that_is_read_only_they_go_to_the_data_directory(
    running_writer: None, tmp_path: Path, data_dir: Path
) -> None:
    file = written(tmp_path / "events.ndjson", [{"name": 5}])
    Path(f"{file}.rejected.ndjson").mkdir()  # root may write into any folder: be in the way instead

    import_files(file)

    assert (data_dir / "rejected" / "events.ndjson.rejected.ndjson").exists()


def test_csv_columns_become_fields_and_properties(running_writer: None, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(
        "order,what,userId,when,total,zip,paid,note\n"
        'o1,bought,ada,2026-03-01 12:00:00,9.50,01234,true,"two\nlines"\n'
        "o2,bought,,2026-03-02,,8,FALSE,\n"
        "o3,bought,bob,soon,1,1,true,x\n"
    )

    counts = import_files(
        file, mapping=["order=id", "what=name", "when=timestamp", "zip=properties.zip:string"]
    )

    assert counts == {"accepted": 2, "duplicate": 0, "rejected": 1}
    assert rows(
        "SELECT id, name, user_id, toString(ts), strings, numbers, booleans FROM events ORDER BY id"
    ) == [
        ("o1", "bought", "ada", "2026-03-01 12:00:00.000000", {"zip": "01234", "note": "two\nlines"},
         {"total": 9.5}, {"paid": True}),
        ("o2", "bought", "", "2026-03-02 00:00:00.000000", {"zip": "8"}, {}, {"paid": False}),
    ]  # fmt: skip


def test_parquet_keeps_its_types(running_writer: None, tmp_path: Path) -> None:
    file = tmp_path / "orders.parquet"
    table = pa.table(
        {
            "id": ["1"], "name": ["bought"], "timestamp": [datetime(2026, 3, 1, 12, tzinfo=UTC)],
            "total": [Decimal("9.50")], "on": [date(2026, 3, 1)], "tags": [["a", "b"]], "n": [5],
        }
    )  # fmt: skip
    pq.write_table(table, file)

    counts = import_files(file)

    assert counts == {"accepted": 1, "duplicate": 0, "rejected": 0}
    assert rows("SELECT toString(ts), strings, numbers, properties FROM events") == [
        ("2026-03-01 12:00:00.000000", {"on": "2026-03-01"}, {"total": 9.5, "n": 5.0},
         '{"total":9.5,"on":"2026-03-01","tags":["a","b"],"n":5}'),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["x", "a=b", "=name", "a=name:date", "a=properties.b:date"])
def test_a_mapping_that_cannot_be_meant_is_refused(
    running_writer: None, tmp_path: Path, text: str
) -> None:
    with pytest.raises(CommandError, match="COLUMN=FIELD"):
        import_files(tmp_path / "x.csv", mapping=[text])


@pytest.mark.parametrize(
    ("name", "content"), [("missing.ndjson", None), ("x.xlsx", b"x"), ("x.parquet", b"x")]
)
def test_a_file_that_cannot_be_read_is_one_clear_line(
    running_writer: None, tmp_path: Path, name: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)

    with pytest.raises(CommandError) as error:
        import_files(tmp_path / name)

    assert "\n" not in str(error.value)


def test_without_a_running_portal_the_import_says_how_to_start_it(
    data_dir: Path, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=r"manage\.py up"):
        import_files(written(tmp_path / "events.ndjson", [{"name": "a"}]))


def test_an_import_makes_its_source_and_a_second_writer_is_refused(
    running_writer: None, tmp_path: Path
) -> None:
    import_files(written(tmp_path / "events.ndjson", [{"name": "a"}]), source="history")

    assert Source.objects.get().name == "history"
    assert imports.writer_runs()
    with pytest.raises(CommandError, match="Another writer"), run_writer.only_writer():
        pass


def test_the_history_of_ansible_is_imported_once(running_writer: None) -> None:
    if not HISTORY.exists():
        pytest.skip("the shared data is not here")

    assert import_files(HISTORY) == {"accepted": 116_511, "duplicate": 0, "rejected": 0}
    assert import_files(HISTORY) == {"accepted": 0, "duplicate": 116_511, "rejected": 0}
    assert rows("SELECT count(), uniqExact(id), uniqExact(person) FROM events") == [
        (116_511, 116_511, 6_737)
    ]
    assert spool.Spool(spool.path()).size().batches == 0
