"""Whatever is asked of the insights, the answer is 400 with a field and a reason, or bounded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework.test import APIClient

from portal.store import client
from portal.store.query import Query
from tests.conftest import TokenClient
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.people import People
from tests.routes import routes

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
Json = dict[str, Any]
PLACEHOLDER = 123_454_321  # of a number that no library here would write
MARCH = {"from": "2026-03-01", "to": "2026-03-03"}
STEPS = [{"event": "A"}, {"event": "B"}]
# One sound body a kind, and where it holds filters and names of events.
BODIES: dict[str, Json] = {
    "trend": {"series": [{"event": "A"}]},
    "funnel": {"steps": STEPS},
    "funnel/correlates": {"steps": STEPS},
    "retention": {"start_event": "A", "return_event": "B"},
    "lifecycle": {"event": "A"},
    "stickiness": {"event": "A"},
    "paths": {"start": "A"},
    "sessions": {},
    "why": {"series": {"event": "A"}, "t": "2026-03-02T00:00:00Z"},
}
CELLS: dict[str, Json] = {
    "trend": {}, "funnel": {"step": 1, "outcome": "reached"},
    "retention": {"start": "2026-03-01T00:00:00Z", "period": 0},
    "lifecycle": {"t": "2026-03-01T00:00:00Z", "status": "new"}, "stickiness": {"buckets": 1},
    "paths": {"step": 1, "name": "A"}, "sessions": {},
}  # fmt: skip
ASKED = [*BODIES, *(f"{kind}/people" for kind in CELLS)]
NOT_ASKED = {"sql", "<str:kind>/people", "<int:pk>", "<int:pk>/result"}


def body_of(way: str) -> Json:
    kind = way.removesuffix("/people")
    return MARCH | BODIES[kind] | (CELLS[kind] if way.endswith("/people") else {})


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    load(
        Event(
            name,
            at(f"2026-03-01T{hour:02}:00"),
            "u1",
            properties={"p": "aaaaaaaaaaaaaaaaaaaaaaaa!"},
        )
        for hour, name in enumerate("AABAB")
    )
    return call(people.analyst)


@pytest.fixture(autouse=True)
def engine_stands() -> Iterator[None]:
    """Ask the engine after every test how long it has been up: it must not have started anew."""
    uptime = Query("SELECT uptime()")
    before = client.run(uptime).value()
    yield
    assert client.run(uptime).value() >= before


def post(api: APIClient, way: str, body: Any) -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return api.post(f"/api/v1/insights/{way}", content, content_type="application/json")


def refused(answer: Any) -> str:
    """Return the field that a 400 names; the reason must be there, too."""
    assert answer.status_code == 400, (answer.status_code, answer.content[:500])
    error = answer.json()["error"]
    assert error["message"]
    return str(error.get("field", ""))


def test_every_route_that_asks_is_tested_here() -> None:
    prefix = "/api/v1/insights/"
    found = {route.removeprefix(prefix) for route in routes() if route.startswith(prefix)}

    assert found == set(BODIES) | NOT_ASKED


@pytest.mark.parametrize("way", ASKED)
def test_a_sound_body_is_answered(api: APIClient, way: str) -> None:
    answer = post(api, way, body_of(way))

    assert answer.status_code == 200, answer.content


COMMON: dict[str, tuple[Json, str]] = {
    "inverted range": ({"from": "2026-03-03", "to": "2026-03-01"}, "to"),
    "empty range": ({"from": "2026-03-01", "to": "2026-03-01"}, "to"),
    "no such zone": ({"time_zone": "Mars/Olympus"}, "time_zone"),
    "a path as a zone": ({"time_zone": "../../../etc/passwd"}, "time_zone"),
    "a null byte in a zone": ({"time_zone": "UTC\0"}, "time_zone"),
    "a long zone": ({"time_zone": "A" * 900}, "time_zone"),
    "a zone folder": ({"time_zone": "America"}, "time_zone"),
    "a year that is none": ({"from": "0000-01-01"}, "from"),
    "a far year": ({"to": "9999-12-31"}, "to"),
    "an offset out of the calendar": ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
    "a time of the wrong type": ({"from": 5}, "from"),
    "an unknown field": ({"evnt": "A"}, "evnt"),
    "an unknown built-in": (
        {"where": [{"property": "$nope", "op": "is_set"}]}, "where[0].property",
    ),
    "an unknown operation": ({"where": [{"property": "p", "op": "like"}]}, "where[0].op"),
    "a filter that is none": ({"where": ["p = 1"]}, "where[0]"),
    "a value that is an object": (
        {"where": [{"property": "p", "op": "=", "value": {}}]}, "where[0].value",
    ),
    "a number beyond all": (
        {"where": [{"property": "p", "op": "=", "value": PLACEHOLDER}]}, "",
    ),
    "no such cohort": ({"where": [{"cohort": 2**62}]}, "where[0].cohort"),
    "too many filters": ({"where": [{"property": "p", "op": "is_set"}] * 51}, "where"),
    "ten megabytes of filters": (
        {"where": [{"property": f"p{n:05}", "op": "=", "value": "x" * 900} for n in range(11_000)]},
        "body",
    ),
    "a sample of nothing": ({"sampling": 0}, "sampling"),
}  # fmt: skip
WITHOUT_SAMPLING = {"why", "why/people"}


@pytest.mark.parametrize("way", ASKED)
def test_what_no_insight_can_use_is_named(api: APIClient, way: str) -> None:
    for name, (change, field) in COMMON.items():
        if name == "a sample of nothing" and way in WITHOUT_SAMPLING:
            continue
        content = orjson.dumps(body_of(way) | change)
        answer = post(api, way, content.replace(b"%d" % PLACEHOLDER, b"9" * 400))
        assert refused(answer) == field or not field, (name, answer.content)


NOT_JSON = [
    b"{", b"[]", b"null", b"5", b'"x"', b"\xff\xfe", b'{"from": NaN}', b'{"a": 1e999}',
    b'{"from": "\\ud800"}', b"[" * 100_000, b'{"where":' * 5_000 + b"1" + b"}" * 5_000,
]  # fmt: skip


@pytest.mark.parametrize("way", ASKED)
def test_what_is_no_body_is_refused(api: APIClient, way: str) -> None:
    for content in NOT_JSON:
        assert post(api, way, content).status_code == 400, content[:80]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"steps": [{"event": "A"}] * 30}, "steps"),
        ({"steps": [{"event": "A"}]}, "steps"),
        ({"steps": "A"}, "steps"),
        ({"steps": [{"event": "A"}, {"event": 5}]}, "steps[1].event"),
        ({"steps": [{"event": "A", "optional": True}, {"event": "B"}]}, "steps[0].optional"),
        ({"window": {"value": 0, "unit": "day"}}, "window.value"),
        ({"window": {"value": -1, "unit": "day"}}, "window.value"),
        ({"window": {"value": 3_650, "unit": "day"}}, "window.value"),
        ({"window": {"value": 120, "unit": "month"}}, "window.value"),
        ({"window": {"value": 1.5, "unit": "day"}}, "window.value"),
        ({"window": {"value": True, "unit": "day"}}, "window.value"),
        ({"window": {"value": 10, "unit": "year"}}, "window.unit"),
        ({"window": {"unit": "day"}}, "window.value"),
        ({"window": 14}, "window"),
        ({"order": "random"}, "order"),
        ({"exclusions": [{"event": "X", "after_step": 2, "before_step": 1}]}, "exclusions[0].after_step"),
        ({"exclusions": [{"event": "X", "after_step": 1, "before_step": 9}]}, "exclusions[0].before_step"),
        ({"exclusions": [{"event": "X"}] * 11}, "exclusions"),
        ({"breakdown": {"property": "p", "attribution": "step", "step": 3}}, "breakdown.step"),
        ({"trend_interval": "fortnight"}, "trend_interval"),
        ({"from": "2000-01-01", "trend_interval": "minute"}, "trend_interval"),
    ],
)  # fmt: skip
def test_a_funnel_without_meaning_names_its_field(api: APIClient, change: Json, field: str) -> None:
    assert refused(post(api, "funnel", body_of("funnel") | change)) == field


def test_a_refusal_shows_what_would_do(api: APIClient) -> None:
    """The shape that was meant, the names of the API, and each known field once."""
    excluded, p_is = {"event": "X"}, {"property": "p", "op": "="}
    for change, message in (
        ({"steps": ["A", "B"]}, 'an object such as {"event": "…"}, not a string'),
        ({"window": 7}, 'such as {"value": 14, "unit": "day"}, not a number'),
        ({"breakdown": "p"}, 'such as {"property": "…"}, not a string'),
        ({"exclusions": ["X"]}, 'such as {"event": "…", "after_step": 1, "before_step": 2}'),
        ({"exclusions": [excluded | {"after_step": 2}]}, "This must be 1."),
        (
            {"exclusions": [excluded | {"from_step": 1}]},
            "here: event, where, after_step, before_step.",
        ),
        ({"steps": [{"event": ""}, {"event": "B"}]}, "This must not be empty."),
        ({"where": [p_is | {"value": ["a"]}]}, "not a list; `in` takes a list."),
        ({"time_zone": "Mars"}, "`time_zone`: 'Mars' is not a time zone such as Europe/Berlin"),
    ):
        answer = post(api, "funnel", body_of("funnel") | change)

        assert answer.status_code == 400
        assert message in answer.json()["error"]["message"]


def test_the_longest_funnel_and_window_are_answered(api: APIClient) -> None:
    body = body_of("funnel") | {
        "steps": [{"event": "A"}, {"event": "B"}] * 10, "window": {"value": 1_830, "unit": "day"},
    }  # fmt: skip

    answer = post(api, "funnel", body)

    assert [step["users"] for step in answer.json()["steps"]] == [1] * 4 + [0] * 16


BOMBS = [
    "(a+)+$", "(a|a)*$", "(.*a){25}", "((a{1,30}){1,30}){1,30}", "a{1,1000}{1,1000}", "(?:a?){900}a{900}",
    "(" * 400 + "a" + ")" * 400, "[" * 400, "(?=a)a", "\\1", "(?P<n>a)(?P=n)", "\\p{Greek}", "\\C", "(?i)\u017f",
    "a\0b", "^" * 900, "(?R)", "\\Q" + "a" * 900,
]  # fmt: skip


@pytest.mark.parametrize("way", ASKED)
def test_a_regex_bomb_is_refused_or_answered_soon(api: APIClient, way: str) -> None:
    for pattern in BOMBS:
        where = [{"property": "p", "op": "regex", "value": pattern}]
        answer = post(api, way, body_of(way) | {"where": where})
        assert answer.status_code in {200, 400}, (pattern, answer.content[:300])
        if answer.status_code == 400:
            assert refused(answer).startswith("where"), pattern


@pytest.mark.parametrize("way", ASKED)
@pytest.mark.parametrize(("values", "length"), [(1_000, 4), (9, 950)])
def test_the_most_and_the_longest_values_are_answered(
    api: APIClient, way: str, values: int, length: int
) -> None:
    filters = [
        {"property": f"p{n}", "op": "not_in", "value": [f"{m:0{length}}" for m in range(values)]}
        for n in range(50)
    ]

    answer = post(api, way, body_of(way) | {"where": filters})

    assert answer.status_code == 200, answer.content[:300]


def test_cohorts_that_contain_each_other_are_refused(people: People, call: TokenClient) -> None:
    api = call(people.editor)
    load([Event("A", at("2026-03-01T10:00"), "u1")])

    def made(name: str, definition: Json) -> int:
        answer = api.post(
            "/api/v1/cohorts", {"name": name, "definition": definition}, format="json"
        )
        assert answer.status_code == 201, answer.content
        return int(answer.json()["id"])

    first = made("first", {"did": "A"})
    second = made("second", {"and": [{"cohort": first}]})
    third = made("third", {"not": {"cohort": second}})
    for inner in (first, second, third):
        answer = api.patch(
            f"/api/v1/cohorts/{first}", {"definition": {"cohort": inner}}, format="json"
        )
        assert refused(answer).startswith("definition"), answer.content
    deep: Json = {"did": "A"}
    for _ in range(2_000):
        deep = {"not": deep}
    answer = post_to(api, "/api/v1/cohorts", {"name": "deep", "definition": deep})
    assert refused(answer).startswith("definition") or answer.json()["error"]["message"]


def post_to(api: APIClient, path: str, body: Json) -> Any:
    text = orjson.dumps({"name": body["name"]})[:-1] + b',"definition":'
    deep = b'{"not":' * 200 + b'{"did":"A"}' + b"}" * 200
    return api.post(path, text + deep + b"}", content_type="application/json")


HOSTILE = [
    "'", '"', "`", "\\", "\\'", "';--", "{p1:String}", "%s", "$1", "/*", "*/", "\0", "\n", "\t",
    ") OR 1=1 --", "' UNION SELECT 1 --", "🙂", "\u202e", "\x1b", "{{x}}", "\\0", "\\N", "\\x41",
]  # fmt: skip


@st.composite
def hostile(draw: st.DrawFn) -> str:
    """Return a text that no SQL of ours holds by chance."""
    parts = draw(st.lists(st.sampled_from(HOSTILE) | st.characters(codec="utf-8"), max_size=4))
    return f"zq{draw(st.integers(10**6, 10**7))}{''.join(parts)}"


def injected(draw: st.DataObject, kind: str) -> tuple[Json, list[str]]:
    """Return a body full of hostile names, properties, labels and values."""
    texts = [draw.draw(hostile()) for _ in range(6)]
    name, other, prop, value, label, third = texts
    where = [
        {"property": prop, "op": draw.draw(st.sampled_from(["=", "!=", "contains", ">", "<="])), "value": value},
        {"property": third, "op": draw.draw(st.sampled_from(["in", "not_in"])), "value": [value, 5, True]},
        {"property": prop, "op": "=", "value": value, "of": "person"},
    ]  # fmt: skip
    by = {"property": third}
    bodies: dict[str, Json] = {
        "trend": {
            "series": [{"event": name, "label": label, "where": where, "math": "sum", "property": prop}],
            "breakdown": by,
        },
        "funnel": {
            "steps": [{"event": name, "label": label}, {"event": other, "where": where}],
            "breakdown": by, "exclusions": [{"event": third, "after_step": 1, "before_step": 2}],
        },
        "funnel/correlates": {"steps": [{"event": name, "label": label}, {"event": other}], "where": where},
        "retention": {"start_event": name, "return_event": other, "start_where": where, "breakdown": by},
        "lifecycle": {"event": name, "where": where},
        "stickiness": {"event": name, "where": where},
        "paths": {"start": name, "end": other, "where": where, "by": by},
        "sessions": {"event": name, "where": where, "breakdown": by},
        "why": {
            "series": {"event": name, "label": label, "where": where}, "t": "2026-03-02T00:00:00Z",
            "properties": [third],
        },
    }  # fmt: skip
    return MARCH | bodies[kind], texts


@pytest.mark.parametrize("kind", BODIES)
def test_no_value_ever_stands_in_the_text_of_sql(
    api: APIClient, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[str] = []

    def spy(name: str) -> None:
        run = getattr(client, name)

        def noted(query: Query, **options: Any) -> Any:
            ran.append(query.sql)
            return run(query, **options)

        monkeypatch.setattr(client, name, noted)

    spy("run")
    spy("read_columns")

    @settings(
        max_examples=25, deadline=None, database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )  # fmt: skip
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        body, texts = injected(data, kind)
        answer = post(api, kind, body)
        assert answer.status_code in {200, 400}, (answer.content[:500], body)
        if answer.status_code == 400:  # nothing that was taken in holds one
            assert "null character" in answer.json()["error"]["message"], answer.content
        assert not [text for text in texts for sql in ran if text[:9] in sql]

    ask()
    assert ran
