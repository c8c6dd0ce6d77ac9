"""What is saved of a builder page opens as the same page again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.http import QueryDict

from analytics.insights.pages import PAGES, Kept, address_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema")]
NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINE = '&where={"property":"plan","op":"=","value":"pro"}'
OWN = '&where={"property":"n","op":"in","value":[1,"a"],"of":"person","in":"%s"}'
ADDRESSES = {
    "trend": [
        "event=visit&math=total&property=&name=",
        f"event=&math=total&property=&name=Any{MINE}&from=-7d&tz=Asia/Tokyo",
        f"event=a&math=sum&property=p&name=&event=b&math=wau&property=&name={OWN % 'B'}"
        "&breakdown=plan&of=person&limit=3&formula=A/B&interval=week&compare=previous_period"
        "&chart=bar&from=2026-01-01&to=2026-02-01",
    ],
    "funnel": [
        "event=visit&label=&event=*&label=Anything&window=14&unit=day",
        f"event=a&label=&event=b&label=&event=c&label=&optional=2{MINE}{OWN % '3'}{OWN % 'x1'}"
        "&without=d&after=1&before=3&window=2&unit=hour&breakdown=plan&attribution=step"
        "&touch_step=3&leave_out_open=1&compare=previous_period&view=times",
        "event=a&label=&event=b&label=&window=1&unit=week&order=strict&view=trend&interval=month",
        "event=a&label=&event=b&label=&window=1&unit=week&order=any&view=trend",
    ],
    "retention": [
        "start_event=a&return_event=*&interval=week",
        f"start_event=*&return_event=b&interval=week&periods=5&kind=first_ever&week_start=sunday"
        f"&counting=on_or_after&min_occurrences=2&breakdown=plan&limit=3&shown=5{MINE}"
        f"{OWN % 'start'}{OWN % 'return'}&compare=previous_period&from=-30d",
    ],
    "lifecycle": ["", f"event=a&interval=month{MINE}&compare=previous_period"],
    "stickiness": ["", f"event=a&interval=week&week_start=sunday{MINE}"],
    "paths": [
        "",
        f"start=a&end=b&steps=3&gap=10&least=2&drawn=80{MINE}&compare=previous_period",
        "by=page&start=/home",
        "by=n&start=5",
        'by=n&start="5"',
        "by=$platform&end=5",
    ],
    "sessions": [
        "",
        f"event=a&interval=week&week_start=sunday&gap=10&breakdown=plan&of=person&limit=3"
        f"&measure=bounce_share{MINE}&compare=previous_period",
    ],
    "sql": [
        "q=SELECT name FROM events WHERE name = {n:String}&p_n=visit",
        "q=SELECT {a:UInt8} AS a, {b:Array(String)} AS b&p_a=5&p_b=[\"x\"]",
    ],
}  # fmt: skip
CASES = [(kind, one) for kind, listed in ADDRESSES.items() for one in listed]


@pytest.mark.parametrize(("kind", "address"), CASES)
def test_a_page_opens_as_it_was_saved(kind: str, address: str) -> None:
    kept = PAGES[kind].keep(QueryDict(address), NOW)

    opened = address_of(kind, kept, NOW, saved="7")

    path, _, query = opened.partition("?")
    expected = dict(QueryDict(address).lists())
    usual = {"retention": "-90d"}.get(kind, "-30d")
    expected |= {} if kind == "sql" or "from" in expected else {"from": [usual]}
    assert path.startswith("/explore/")
    assert dict(QueryDict(query).lists()) == expected | {"saved": ["7"]}


@pytest.mark.parametrize(
    ("kind", "definition"),
    [
        ("trend", {"series": [{"event": "a"}], "sampling": 0.5}),
        (
            "trend",
            {"series": [{"event": "a", "property": "p"}], "breakdown": {"property": "$nope"}},
        ),
        ("funnel", {"steps": [{"event": "a"}, {"event": "b"}], "sampling": 0.5}),
    ],
)
def test_what_a_builder_cannot_say_is_not_opened_as_something_else(
    kind: str, definition: dict[str, Any]
) -> None:
    assert address_of(kind, Kept(definition), NOW) == ""


def test_a_short_definition_of_a_program_opens() -> None:
    trend, funnel = {"series": [{"event": "a"}]}, {"steps": [{"event": "a"}, {"event": None}]}

    assert "event=a&math=total" in address_of("trend", Kept(trend), NOW)
    assert "event=%2A" in address_of("funnel", Kept(funnel), NOW)
    retention = {"start_event": "a", "return_event": None}
    assert "interval=day&periods=8" in address_of("retention", Kept(retention), NOW)
    assert "event=a" in address_of("lifecycle", Kept({"event": "a"}), NOW)
