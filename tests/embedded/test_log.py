from __future__ import annotations

import json
from datetime import UTC, datetime

from portal.embedded.log import parse, render

NOON = datetime(2026, 3, 1, 12, 0, 0, 123000, tzinfo=UTC)


def test_a_structured_line_keeps_its_fields() -> None:
    raw = json.dumps({"level": "warning", "message": "Slow query.", "seconds": 3})

    line = render(parse("web", raw, NOON), colored=False)

    assert line == "12:00:00.123 web       warning  Slow query. seconds=3"


def test_plain_text_is_taken_with_the_level_it_names() -> None:
    line = render(parse("postgres", "1234 LOG:  ready to accept connections", NOON), colored=False)

    assert line == "12:00:00.123 postgres  info     ready to accept connections"


def test_a_traceback_stays_under_its_message() -> None:
    raw = json.dumps({"level": "error", "message": "Task failed.", "traceback": "one\ntwo"})

    line = render(parse("worker", raw, NOON), colored=False)

    assert line.splitlines()[1:] == ["    one", "    two"]


def test_json_that_is_no_log_line_is_text() -> None:
    assert parse("web", "[1, 2]", NOON)["message"] == "[1, 2]"


def test_color_is_for_terminals_only() -> None:
    fields = parse("web", "ERROR: broken", NOON)

    assert "\033[" in render(fields, colored=True)
    assert "\033[" not in render(fields, colored=False)
