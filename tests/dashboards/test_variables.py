"""Variables of dashboards: what they offer, what is chosen, and what widgets make of it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from rest_framework.test import APIClient

from analytics.series.identity import Series
from analytics.series.writing import Batch, write
from dashboards.models import Dashboard
from dashboards.variables.definitions import as_json, parse_variables
from dashboards.variables.options import Option, in_order, narrowed, written
from dashboards.variables.ordering import Cycle, behind, ordered
from dashboards.variables.renaming import renamed
from portal.accounts import actions
from portal.accounts.models import Level
from portal.lib.field_error import FieldError
from tests.conftest import PageClient, TokenClient
from tests.factories import make_dashboard, make_widget
from tests.insights.conftest import at
from tests.insights.events import Event, load
from tests.people import People

# Old samples are dropped by the engine, so the past has to be near.
NOON = (datetime.now(tz=UTC) - timedelta(days=2)).replace(minute=0, second=0, microsecond=0)
METRIC = f"vars_up_{uuid4().hex}"
AN_HOUR = timedelta(hours=1)
RANGE = {"from": (NOON - AN_HOUR).isoformat(), "to": (NOON + timedelta(minutes=1)).isoformat()}
JOB = {"name": "job", "kind": "query", "query": f"label_values({METRIC}, job)", "sort": "name"}
INSTANCE = {
    "name": "instance", "kind": "query", "query": f'label_values({METRIC}{{job="$job"}}, instance)',
    "multi": True, "include_all": True, "value": ["$__all"],
}  # fmt: skip


class TestDefinitions:
    def test_they_come_back_as_they_were_written(self) -> None:
        (found,) = parse_variables([INSTANCE])

        assert {name: as_json(found)[name] for name in INSTANCE} == INSTANCE

    @pytest.mark.parametrize(
        ("given", "field"),
        [
            ({"name": "a b"}, "variables[0].name"),
            ({"name": "__from"}, "variables[0].name"),
            ({"name": "a", "kind": "spam"}, "variables[0].kind"),
            ({"name": "a", "kind": "query", "query": " "}, "variables[0].query"),
            ({"name": "a", "kind": "custom"}, "variables[0].options"),
            ({"name": "a", "kind": "text", "multi": True}, "variables[0].multi"),
            ({"name": "a", "kind": "query", "query": "x", "source": "y"}, "variables[0].source"),
            ({"name": "a", "options": ["x"], "value": ["x", "y"]}, "variables[0].value"),
            ({"name": "a", "options": ["x"], "value": "$__all"}, "variables[0].value"),
            ({"name": "a", "options": ["x"], "colour": 1}, "variables[0].colour"),
        ],
    )
    def test_a_mistake_names_its_field(self, given: dict[str, Any], field: str) -> None:
        with pytest.raises(FieldError) as problem:
            parse_variables([given])

        assert problem.value.field == field

    def test_two_of_one_name_are_refused(self) -> None:
        with pytest.raises(FieldError) as problem:
            parse_variables([{"name": "a", "options": ["x"]}] * 2)

        assert problem.value.field == "variables[1].name"


class TestOrder:
    def test_each_comes_after_those_that_it_names(self) -> None:
        found = ordered(parse_variables([INSTANCE, JOB]))

        assert [one.name for one in found] == ["job", "instance"]
        assert behind(found, "job") == {"instance"}

    def test_a_built_in_property_is_no_variable_of_that_name(self) -> None:
        given = {"name": "platform", "kind": "query", "source": "property"}

        (plain,) = ordered(parse_variables([given | {"query": "$platform"}]))
        (braced,) = parse_variables([given | {"query": "${other}"}])

        assert plain.needs == frozenset()
        assert braced.needs == {"other"}

    def test_a_cycle_is_named(self) -> None:
        round_ = [JOB | {"query": "label_values(x{i='$instance'}, job)"}, INSTANCE]

        with pytest.raises(Cycle, match="job → instance → job"):
            ordered(parse_variables(round_))


class TestOptions:
    @pytest.mark.parametrize(
        ("regex", "values"),
        [
            ("", ["web-1", "web-2", "db-1"]),
            ("/web/", ["web-1", "web-2"]),
            ("/WEB/i", ["web-1", "web-2"]),
            ("/^(\\w+)-/", ["web", "db"]),
            ("(?<text>\\w+)-(?<value>\\d)", ["1", "2"]),
        ],
    )
    def test_an_expression_narrows_and_takes_parts(self, regex: str, values: list[str]) -> None:
        options = [Option(one, one) for one in ("web-1", "web-2", "db-1")]

        assert [one.value for one in narrowed(options, regex)] == values

    def test_written_ones_may_have_a_label(self) -> None:
        assert written(["Germany : DE", "FR"]) == [Option("DE", "Germany"), Option("FR", "FR")]

    @pytest.mark.parametrize(
        ("sort", "values"),
        [
            ("none", ["b10", "a2", "c"]), ("name", ["a2", "b10", "c"]),
            ("name_desc", ["c", "b10", "a2"]), ("number", ["a2", "b10", "c"]),
            ("number_desc", ["b10", "a2", "c"]),
        ],
    )  # fmt: skip
    def test_order(self, sort: str, values: list[str]) -> None:
        options = [Option(one, one) for one in ("b10", "a2", "c")]

        assert [one.value for one in in_order(options, sort)] == values


class TestRenaming:
    def test_every_use_follows(self) -> None:
        insight = {"kind": "trend", "where": [{"property": "$job", "op": "=", "value": "$job"}]}
        document = {
            "name": "Jobs", "description": "of $job and $jobs",
            "variables": [JOB, INSTANCE],
            "widgets": [
                {"id": "job", "title": "[[job]]", "source": "promql", "query": 'up{job="${job:raw}"}',
                 "config": {"repeat": {"variable": "job"}, "links": [{"url": "/?var-job=$job"}]}},
                {"id": "s", "title": "", "source": "sql", "query": "SELECT {job:String}, '$job'"},
                {"id": "i", "title": "", "source": "insight", "query": json.dumps(insight)},
            ],
        }  # fmt: skip

        found = renamed(document, "job", "task")

        first, second, third = found["widgets"]
        assert found["description"] == "of $task and $jobs"
        assert [one["name"] for one in found["variables"]] == ["task", "instance"]
        assert found["variables"][1]["query"] == f'label_values({METRIC}{{job="$task"}}, instance)'
        assert (first["id"], first["title"]) == ("job", "[[task]]")
        assert first["query"] == 'up{job="${task:raw}"}'
        assert first["config"]["repeat"]["variable"] == "task"
        assert first["config"]["links"][0]["url"] == "/?var-job=$task"
        assert second["query"] == "SELECT {task:String}, '$task'"
        assert json.loads(third["query"])["where"][0] == {
            "property": "$job", "op": "=", "value": "$task"
        }  # fmt: skip

    @pytest.mark.parametrize(
        ("old", "new", "field"),
        [("x", "y", "from"), ("job", "a b", "to"), ("job", "instance", "to")],
    )
    def test_a_name_that_cannot_be_is_refused(self, old: str, new: str, field: str) -> None:
        with pytest.raises(FieldError) as problem:
            renamed({"variables": [JOB, INSTANCE]}, old, new)

        assert problem.value.field == field


@pytest.fixture(scope="module")
def samples(store_schema: None) -> None:
    """Write what three instances measured at noon."""
    labels = [("web", "w1"), ("web", "w2"), ("db", "d.1")]
    rows = [
        (Series.of(METRIC, {"job": job, "instance": instance}), float(number))
        for number, (job, instance) in enumerate(labels, start=1)
    ]
    write(Batch.of_instant(rows, NOON), token=uuid4().hex)


@pytest.fixture
def api(people: People, call: TokenClient) -> APIClient:
    return call(people.owner)


@pytest.fixture
def board(people: People, samples: None) -> Dashboard:
    made = make_dashboard(created_by=people.owner, variables=[JOB, INSTANCE])
    make_widget(
        made, "up", kind="table", type="table", source="promql", title="Up of $job",
        query=f'{METRIC}{{job="$job", instance="$instance"}}',
    )  # fmt: skip
    return made


def data(api: APIClient, board: Dashboard, **query: Any) -> Any:
    answer = api.get(f"/api/v1/dashboards/{board.uid}/data", {**RANGE, **query})
    assert answer.status_code == 200, answer.content
    return answer.json()


def shown(body: Any, key: str = "up") -> list[str]:
    """Return the instances in a table's rows."""
    plain = body["data"][key]["data"]["plain"]
    assert plain is not None, body["data"][key]["data"]
    return sorted(row[plain["columns"].index("instance")] for row in plain["rows"])


def states(body: Any) -> dict[str, tuple[list[str], Any]]:
    return {
        one["name"]: ([option["value"] for option in one["options"]], one["value"])
        for one in body["variables"]
    }


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestWidgets:
    def test_they_show_what_is_usual_where_nobody_chooses(
        self, api: APIClient, board: Dashboard
    ) -> None:
        found = data(api, board)

        assert states(found) == {"job": (["db", "web"], "db"), "instance": (["d.1"], ["$__all"])}
        assert shown(found) == ["d.1"]
        assert found["data"]["up"]["data"]["title"] == "Up of db"

    def test_they_show_what_is_chosen_and_chained_ones_follow(
        self, api: APIClient, board: Dashboard
    ) -> None:
        everything = data(api, board, **{"var-job": "web"})
        one = data(api, board, **{"var-job": "web", "var-instance": "w2"})
        both = data(api, board, **{"var-job": "web", "var-instance": ["w1", "w2"]})
        stale = data(api, board, **{"var-job": "web", "var-instance": "d.1"})

        assert shown(everything) == shown(both) == ["w1", "w2"]
        assert shown(one) == ["w2"]
        assert states(stale)["instance"] == (["w1", "w2"], ["$__all"])

    def test_a_name_that_nobody_knows_is_said_in_the_box(
        self, api: APIClient, board: Dashboard
    ) -> None:
        make_widget(board, "odd", kind="table", source="promql", query="up{job='$spam'}")

        box = data(api, board)["data"]["odd"]["data"]

        assert box["state"] == "error"
        assert "$spam, but there is no such variable" in box["meta"]["warnings"][0]

    def test_a_repeated_one_stands_once_for_each_value(
        self, api: APIClient, board: Dashboard
    ) -> None:
        make_widget(
            board, "each", kind="table", source="promql", title="$instance", x=0, y=10, w=24, h=4,
            query=f'{METRIC}{{instance="$instance"}}', config={"repeat": {"variable": "instance"}},
        )  # fmt: skip

        found = data(api, board, **{"var-job": "web"})

        assert {key for key in found["data"] if key.startswith("each")} == {"each--w1", "each--w2"}
        assert shown(found, "each--w2") == ["w2"]
        assert found["data"]["each--w2"]["data"]["title"] == "w2"

    def test_a_page_shows_titles_with_their_values(
        self, people: People, browse: PageClient, board: Dashboard
    ) -> None:
        page = browse(people.owner).get(f"/dashboards/{board.uid}/", {**RANGE, "var-job": "web"})

        assert "Up of web" in page.text

    @pytest.mark.parametrize(
        "query", [{"as_of": "yesterday"}, {"refresh": "2s"}, {"compare": "spam"}]
    )
    def test_what_cannot_be_read_of_an_address_is_refused(
        self, api: APIClient, people: People, browse: PageClient, board: Dashboard, query: Any
    ) -> None:
        answer = api.get(f"/api/v1/dashboards/{board.uid}/data", query)
        page = browse(people.owner).get(f"/dashboards/{board.uid}/", query)

        assert answer.status_code == page.status_code == 400
        assert next(iter(query)) in page.text


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestOfEvents:
    @pytest.fixture(autouse=True)
    def visits(self) -> None:
        done: list[dict[str, Any]] = [
            {"plan": "pro", "seats": 3}, {"plan": "pro", "seats": 5}, {"plan": "free's"}
        ]  # fmt: skip
        load(
            Event("visit", at(f"2026-03-01T11:{n:02}"), f"u{n}", properties=found)
            for n, found in enumerate(done)
        )

    @pytest.fixture
    def made(self, people: People) -> Dashboard:
        plan = {"name": "plan", "kind": "query", "source": "property", "query": "plan"}
        sql = {
            "name": "who", "kind": "query", "source": "sql", "multi": True, "include_all": True,
            "query": "SELECT DISTINCT user_id FROM events WHERE strings['plan'] = $plan ORDER BY 1",
        }  # fmt: skip
        seats = {"name": "seats", "kind": "query", "source": "property", "query": "seats"}
        made = make_dashboard(
            created_by=people.owner,
            variables=[plan | {"include_all": True}, sql, seats | {"include_all": True}],
        )
        make_widget(
            made, "sql", kind="table", source="sql",
            query="SELECT count() AS n FROM events WHERE strings['plan'] = '$plan' AND user_id IN ($who)",
        )  # fmt: skip
        filters = [{"property": name, "op": "=", "value": f"${name}"} for name in ("plan", "seats")]
        trend = {"series": [{"event": "visit", "where": filters}], "interval": "day"}
        query = json.dumps({"kind": "trend", "definition": trend})
        make_widget(made, "trend", kind="stat", source="insight", query=query)
        return made

    def ask(self, api: APIClient, made: Dashboard, **query: Any) -> Any:
        query = {"from": "2026-03-01T00:00:00Z", "to": "2026-03-02T00:00:00Z", **query}
        return api.get(f"/api/v1/dashboards/{made.uid}/data", query).json()

    def value(self, body: Any) -> Any:
        box = body["data"]["trend"]["data"]
        assert box["state"] != "error", box
        return box["plain"][0]["value"] if box["plain"] else 0

    def test_values_of_a_property_and_rows_of_sql_are_offered(
        self, api: APIClient, made: Dashboard
    ) -> None:
        found = states(self.ask(api, made))

        assert found["plan"] == (["pro", "free's"], "pro")
        assert found["who"] == (["u0", "u1"], ["u0"])
        assert sorted(found["seats"][0]) == ["3", "5"]

    def test_sql_takes_values_and_cannot_be_broken_out_of(
        self, api: APIClient, made: Dashboard
    ) -> None:
        def count(**query: Any) -> Any:
            box = self.ask(api, made, **query)["data"]["sql"]["data"]
            assert box["state"] == "ok", box
            return box["plain"]["rows"][0][0]

        assert count(**{"var-who": ["u0", "u1"]}) == 2
        assert count(**{"var-who": "$__all"}) == 2
        assert count(**{"var-plan": "free's"}) == 1
        assert count(**{"var-plan": "x' OR 1 = 1 --"}) == 0

    def test_insights_have_lists_numbers_and_no_filter_for_all(
        self, api: APIClient, made: Dashboard
    ) -> None:
        everything = {"var-plan": "$__all", "var-seats": "$__all"}

        assert self.value(self.ask(api, made, **everything)) == 3
        assert self.value(self.ask(api, made, **everything | {"var-plan": "pro"})) == 2
        assert self.value(self.ask(api, made, **everything | {"var-seats": "5"})) == 1


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestApi:
    def test_it_says_what_is_offered_and_chosen(self, api: APIClient, board: Dashboard) -> None:
        query = {**RANGE, "var-job": "web", "var-instance": "w2"}
        answer = api.get(f"/api/v1/dashboards/{board.uid}/variables", query).json()

        assert states(answer) == {"job": (["db", "web"], "web"), "instance": (["w1", "w2"], ["w2"])}

    def preview(self, api: APIClient, board: Dashboard, *variables: Any) -> Any:
        body = {"variables": variables, **RANGE}
        return api.post(f"/api/v1/dashboards/{board.uid}/variables/preview", body, format="json")

    def test_a_draft_says_what_it_would_offer_or_why_not(
        self, api: APIClient, board: Dashboard
    ) -> None:
        numbers = {"name": "n", "kind": "query", "source": "sql", "query": "SELECT 7"}
        spam = {"name": "spam", "kind": "query", "query": "label_values(a b)"}

        found = self.preview(api, board, JOB, numbers, spam).json()

        assert states(found)["job"][0] == ["db", "web"]
        assert states(found)["n"] == (["7"], "7")
        assert "label_values(metric, label)" in found["variables"][2]["problem"]

    def test_nobody_asks_sql_who_may_not(
        self, people: People, call: TokenClient, board: Dashboard
    ) -> None:
        actions.share(people.owner, board, people.teammate, Level.EDIT)
        sql = {"name": "n", "kind": "query", "source": "sql", "query": "SELECT 7"}

        assert self.preview(call(people.teammate), board, sql).status_code == 403

    def test_a_mistake_in_a_draft_names_its_field(self, api: APIClient, board: Dashboard) -> None:
        answer = self.preview(api, board, JOB | {"sort": "spam"})

        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == "variables[0].sort"

    def test_a_circle_is_refused_where_it_is_saved(self, api: APIClient, board: Dashboard) -> None:
        round_ = [JOB | {"query": "label_values(x{i='$instance'}, job)"}, INSTANCE]
        body = {"variables": round_, "version": board.version}
        answer = api.patch(f"/api/v1/dashboards/{board.uid}", body, format="json")

        assert answer.status_code == 400
        assert answer.json()["error"]["field"] == "variables[0].query"

    def test_renaming_answers_a_document(self, api: APIClient, board: Dashboard) -> None:
        body = {
            "document": api.get(f"/api/v1/dashboards/{board.uid}").json(),
            "from": "job", "to": "task",
        }  # fmt: skip
        url = f"/api/v1/dashboards/{board.uid}/rename-variable"
        found = api.post(url, body, format="json").json()["document"]
        wrong = api.post(url, body | {"to": "a b"}, format="json")

        assert found["widgets"][1]["title"] == "Up of $task"
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (400, "to")


def test_variables_of_another_server_are_asked_there() -> None:
    found = parse_variables([JOB | {"server": 7}, JOB | {"name": "x", "server": "$ds"}])

    assert [one.server for one in found] == ["7", "$ds"]
    assert found[1].needs == {"ds"}
