"""Whatever is typed as SQL, saved, or asked of what was saved is refused with its field, or answered."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from rest_framework.test import APIClient

from tests.conftest import TokenClient
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.insights.test_bad_input import BOMBS, NOT_JSON, engine_stands, refused
from tests.people import People

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("store_schema", "empty_cache", engine_stands.__name__),
]
Json = dict[str, Any]
INSIGHTS = "/api/v1/insights"
TREND: Json = {"series": [{"event": "A"}], "from": "2026-03-01", "to": "2026-03-03"}
SAVED: Json = {"name": "Visits", "kind": "trend", "definition": TREND}
FAR = 10**30
DEEP = b'{"x":' * 3_000 + b"1" + b"}" * 3_000


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    load([Event("A", at("2026-03-01T10:00"), "u1", properties={"p": "a" * 30})])
    return call(people.analyst)


@pytest.fixture
def saved(api: APIClient) -> str:
    """Return the address of a saved insight."""
    answer = send(api, "post", INSIGHTS, SAVED)
    assert answer.status_code == 201, answer.content
    return f"{INSIGHTS}/{answer.json()['id']}"


def send(api: APIClient, method: str, path: str, body: Any) -> Any:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    return getattr(api, method)(path, content, content_type="application/json")


def sql(api: APIClient, query: Any, **more: Any) -> Any:
    return send(api, "post", f"{INSIGHTS}/sql", {"query": query, **more})


STATEMENTS: list[Any] = [
    None, "", " ", 5, ["SELECT 1"], {}, True, "SELECT", "SELECT (", ";", "SELECT 1; SELECT 2",
    "DROP TABLE events", "SELECT 1 INTO OUTFILE 'x'", "SELECT * FROM system.tables",
    "SELECT sleep(3)", "SELECT * FROM url('http://x')", "SELECT * FROM file('/etc/passwd')",
    "SELECT '\0'", "SELECT 1 -- \0", "SELECT \0", "SELECT {x:String}", "SELECT {x:Nope}",
    "SELECT " + "(" * 5_000 + "1" + ")" * 5_000, "SELECT " + "1+" * 50_000 + "1",
    "SELECT '" + "x" * 2_000_000 + "'", "SELECT 1 FORMAT TSV", "SELECT 1 SETTINGS max_execution_time = 0",
    "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count() FROM t",
    "SELECT arrayJoin(range(1000000000000))", "SELECT repeat('x', 100000000000)",
    "SELECT count() FROM numbers(1e18)", "SELECT throwIf(1)", "SELECT 1 AS a, 2 AS a",
    "SELECT * FROM events AS a, events AS b, events AS c WHERE a.nope = 1",
]  # fmt: skip
KINDS = (
    "String", "UInt8", "Int64", "Float64", "DateTime64(6)", "Date", "Bool", "Array(String)",
    "Map(String, UInt8)",
)  # fmt: skip
VALUES: list[Any] = [
    "\0", "\n\t'\"\\", "🙂\u202e", 5, -1, FAR, 1.5, True, None, [], [[1]], {}, {"a": 1},
    "x" * 2_000_000,
]  # fmt: skip
NO_PARAMETERS: list[Any] = [
    5, "x", ["x"], {"x": 1} | {f"p{n}": n for n in range(200)}, {"": 1}, {"a b": 1}, {"x\0": 1},
    {"x'": 1}, {"x" * 10_000: 1}, {"x": "\0"},
]  # fmt: skip


class TestSql:
    def test_what_is_no_body_is_refused(self, api: APIClient) -> None:
        for content in [*NOT_JSON, b'{"query":' + DEEP + b"}"]:
            assert send(api, "post", f"{INSIGHTS}/sql", content).status_code == 400, content[:80]

    def test_a_statement_is_refused_with_its_reason_or_bounded(self, api: APIClient) -> None:
        for query in STATEMENTS:
            answer = sql(api, query)
            assert answer.status_code in {200, 400, 422}, (str(query)[:80], answer.content[:500])
            if answer.status_code != 200:
                error = answer.json()["error"]
                assert error["message"]
                named = error.get("field", "query").partition(".")[0]
                assert named in {"query", "parameters", "body"}, (str(query)[:80], error)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_parameter_of_any_type_is_refused_or_taken(self, api: APIClient, kind: str) -> None:
        start = orjson.dumps({"query": f"SELECT {{x:{kind}}}"})[:-1] + b',"parameters":{"x":'
        for value in VALUES:
            given = str(FAR).encode() if value == FAR else orjson.dumps(value)
            answer = send(api, "post", f"{INSIGHTS}/sql", start + given + b"}}")
            assert answer.status_code in {200, 400}, answer.content[:300]
            if answer.status_code == 400:
                assert refused(answer).startswith(("parameters", "query", "body")), answer.content

    def test_parameters_that_are_none_are_refused(self, api: APIClient) -> None:
        for parameters in NO_PARAMETERS:
            answer = sql(api, "SELECT {x:UInt8}", parameters=parameters)
            assert refused(answer).startswith("parameters"), answer.content

    def test_patterns_are_bounded(self, api: APIClient) -> None:
        for pattern in BOMBS:
            query = "SELECT count() FROM events WHERE match(strings['p'], {x:String})"
            answer = sql(api, query, parameters={"x": pattern})
            assert answer.status_code in {200, 400}, (pattern, answer.content[:300])


WRONG: list[tuple[Json, str]] = [
    ({"name": None}, "name"), ({"name": ""}, "name"), ({"name": 5}, "name"), ({"name": "x" * 121}, "name"),
    ({"name": "a\0b"}, "name"), ({"name": ["x"]}, "name"),
    ({"description": 5}, "description"), ({"description": "x" * 3_000}, "description"),
    ({"description": "a\0"}, "description"),
    ({"kind": None}, "kind"), ({"kind": "nope"}, "kind"), ({"kind": 5}, "kind"), ({"kind": {}}, "kind"),
    ({"kind": "a\0"}, "kind"),
    ({"definition": None}, "definition"), ({"definition": []}, "definition"),
    ({"definition": "SELECT 1"}, "definition"), ({"definition": {}}, "series"),
    ({"definition": TREND | {"evnt": 1}}, "evnt"),
    ({"definition": TREND | {"series": [{"event": "a\0"}]}}, "series[0].event"),
    ({"definition": TREND | {"series": [{"event": "A"}] * 500}}, "series"),
    ({"definition": TREND | {"time_zone": "Mars/Olympus"}}, "time_zone"),
    ({"definition": TREND | {"from": "yesterday"}}, "from"),
    ({"view": 5}, "view"), ({"view": []}, "view"), ({"view": {"drawn_as": "x" * 200_000}}, "view"),
    ({"view": {"a\0": 1}}, "view"), ({"view": {"a": "\0"}}, "view.a"),
    ({"folder": True}, "folder"), ({"folder": -1}, "folder"), ({"folder": 10**18}, "folder"),
    ({"folder": 1.5}, "folder"), ({"folder": "a/" * 500}, "folder"),
    ({"folder": "a\0"}, "folder"), ({"folder": {}}, "folder"), ({"folder": "x" * 1_000}, "folder"),
    ({"is_shared": "yes"}, "is_shared"), ({"is_shared": 1}, "is_shared"),
    ({"nope": 1}, "nope"), ({"a\0": 1}, ""),
]  # fmt: skip


class TestSaving:
    @pytest.mark.parametrize(
        ("method", "is_whole"), [("post", True), ("put", True), ("patch", False)]
    )
    def test_what_cannot_be_kept_names_its_field(
        self, api: APIClient, saved: str, method: str, is_whole: bool
    ) -> None:
        path = INSIGHTS if method == "post" else saved
        for change, field in WRONG:
            named = refused(send(api, method, path, SAVED | change if is_whole else change))
            assert named in {field, f"definition.{field}"} or not field, (str(change)[:80], named)

    def test_what_is_no_body_is_refused(self, api: APIClient, saved: str) -> None:
        for content in [*NOT_JSON, DEEP, b'{"definition":' + DEEP + b"}"]:
            for method, path in (("post", INSIGHTS), ("put", saved), ("patch", saved)):
                answer = send(api, method, path, content)
                assert answer.status_code == 400, (method, content[:80])

    def test_a_version_is_a_whole_number(self, api: APIClient, saved: str) -> None:
        wrong: list[Any] = ["x", 1.5, True, [], {}, -1, 2**63, "\0"]
        for version in wrong:
            answer = send(api, "patch", saved, {"name": "x", "version": version})
            assert answer.status_code in {400, 409}, (version, answer.content)
        far = send(api, "patch", saved, b'{"name":"x","version":%d}' % FAR)
        assert far.status_code in {400, 409}
        assert api.delete(saved, QUERY_STRING="version=%00").status_code == 400

    def test_what_is_not_there_answers_404(self, api: APIClient) -> None:
        for number in (0, 999_999_999, 2**63, FAR):
            path = f"{INSIGHTS}/{number}"
            assert api.get(path).status_code == 404
            assert send(api, "patch", path, {"name": "x"}).status_code == 404
            assert send(api, "put", path, SAVED).status_code == 404
            assert api.delete(path).status_code == 404
            assert api.get(f"{path}/result").status_code == 404

    def test_a_list_names_the_field_that_it_cannot_use(self, api: APIClient) -> None:
        for query in ["limit=0", "limit=-1", "limit=x", "limit=1e3", "limit=99999", f"limit={FAR}", "limit=%00",
         "limit=%D9%A3%00", "cursor=-1", "cursor=x", f"cursor={2**63}", f"folder={FAR}", "folder=x"]:  # fmt: skip
            answer = api.get(INSIGHTS, QUERY_STRING=query)
            assert refused(answer) == query.partition("=")[0]

    def test_a_search_for_anything_is_answered(self, api: APIClient) -> None:
        long = "x" * 9_000
        for query in ("q=%00", "q=%25_%5C", f"q={long}", "kind=%00", "kind=nope", "q=%ED%A0%80"):
            assert api.get(INSIGHTS, QUERY_STRING=query).status_code == 200, query[:20]


OTHERWISE: list[tuple[Json, str]] = [
    ({"from": "2026-03-03", "to": "2026-03-01"}, "to"), ({"from": "0000-01-01"}, "from"),
    ({"to": "9999-12-31"}, "to"), ({"from": "x"}, "from"), ({"from": "a\0"}, "from"),
    ({"time_zone": "Mars/Olympus"}, "time_zone"), ({"time_zone": "../../etc/passwd"}, "time_zone"),
    ({"time_zone": "UTC\0"}, "time_zone"), ({"time_zone": "A" * 900}, "time_zone"),
    ({"from": "0001-01-01T00:00:00+14:00"}, "from"),
]  # fmt: skip


class TestResults:
    def test_another_range_is_checked_as_any_is(self, api: APIClient, saved: str) -> None:
        for given, field in OTHERWISE:
            assert refused(send(api, "post", f"{saved}/result", given)) == field, given
            assert refused(api.get(f"{saved}/result", given)) == field, given

    def test_what_is_of_another_type_is_named(self, api: APIClient, saved: str) -> None:
        for field, value in [("from", 5), ("to", []), ("time_zone", {}), ("refresh", "x"),
                             ("series", []), ("as_of", "2026")]:  # fmt: skip
            assert refused(send(api, "post", f"{saved}/result", {field: value})) == field

    def test_what_is_no_body_is_refused(self, api: APIClient, saved: str) -> None:
        for content in NOT_JSON:
            answer = send(api, "post", f"{saved}/result", content)
            assert answer.status_code == 400, content[:80]

    def test_a_saved_statement_with_bad_values_is_refused_when_it_is_saved(
        self, api: APIClient
    ) -> None:
        body = {"name": "x", "kind": "sql", "definition": {"query": "SELECT {x:UInt8}"}}

        bad: list[Any] = [{}, {"x": "y"}, {"x": "\0"}, {"x": 256}, []]
        for parameters in bad:
            definition = {"query": "SELECT {x:UInt8}", "parameters": parameters}
            answer = send(api, "post", INSIGHTS, body | {"definition": definition})
            assert answer.status_code in {201, 400}, answer.content
            if answer.status_code == 201:
                path = f"{INSIGHTS}/{answer.json()['id']}/result"
                assert api.get(path).status_code in {200, 400}, parameters
