"""The pages of cohorts as a browser without scripts sees them, and what their form means."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import QueryDict
from django.test import Client

from analytics.insights.definitions.cohorts import parse_rule
from analytics.insights.forms.cohort import CohortForm
from analytics.insights.forms.cohort_rules import rows_of, rules_of
from analytics.insights.models import Cohort, SavedInsight
from portal.lib import clock
from portal.lib.field_error import FieldError
from tests.conftest import PageClient
from tests.factories import make_cohort
from tests.insights.events import Event, load, person_property
from tests.insights.test_pages import text
from tests.people import People

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("store_schema", "empty_cache")]
COHORTS, NEW = "/explore/cohorts/", "/explore/cohorts/new/"
ROOT = {"r0-kind": "all", "r0-depth": "0"}
BOUGHT = {"r1-kind": "did", "r1-depth": "1", "r1-event": "buy"}


@pytest.fixture
def analyst(people: People, browse: PageClient) -> Client:
    return browse(people.analyst)


def put_shop() -> None:
    now = clock.now() - timedelta(hours=1)
    load(
        [
            *(Event("visit", now - timedelta(days=n), f"u{n}") for n in range(6)),
            Event("buy", now, "u0", properties={"plan": "pro"}),
            Event("buy", now, "u1", properties={"plan": "free"}),
            Event("buy", now - timedelta(minutes=1), "u1", properties={"plan": "free"}),
        ]
    )
    person_property("u0", "country", "TH", now)


def posted(client: Client, path: str, body: dict[str, Any]) -> str:
    answer = client.post(path, body)
    assert answer.status_code == 200, answer
    return unescape(answer.content.decode())


def preview(client: Client, body: dict[str, Any]) -> str:
    page = posted(client, f"{COHORTS}preview/", body)
    found = re.search(r'id="preview-size">([\d,]+)<', page)
    return found[1] if found else page


class TestForm:
    @pytest.mark.parametrize(
        "definition",
        [
            {"did": "buy"},
            {"did": None, "at_least": 3, "last_days": 30},
            {"did": "buy", "at_least": 2, "at_most": 5, "from": "2026-01-01", "to": "2026-02-01"},
            {"did": "buy", "exactly": 0},
            {"did": "buy", "at_most": 0},
            {"did": "buy", "where": [{"property": "plan", "op": "=", "value": "pro"},
                                     {"property": "n", "op": "in", "value": [1, "1", True]},
                                     {"property": "country", "op": "is_set", "of": "person"},
                                     {"cohort": 7, "op": "not_in"}]},
            {"did": "visit", "then": "buy", "within": {"value": 2, "unit": "hour"},
             "where": [{"property": "a", "op": "=", "value": "x"}],
             "then_where": [{"property": "b", "op": ">", "value": 3}]},
            {"first_did": "buy", "last_days": 7},
            {"first_did": "buy", "from": "2026-01-01T10:00:00Z"},
            {"stopped": "visit", "for_days": 30, "last_days": 90},
            {"property": "plan", "op": "contains", "value": "5"},
            {"not": {"property": "plan", "op": "is_set"}},
            {"not": {"or": [{"did": "a"}, {"not": {"and": [{"did": "b"}, {"cohort": 3}]}}]}},
            {"and": [{"or": [{"did": "a"}, {"did": "b"}]}, {"not": {"did": "c"}}]},
        ],
    )  # fmt: skip
    def test_it_shows_a_definition_and_means_the_same(self, definition: Any) -> None:
        form = CohortForm(rows=rows_of(definition))

        again = rules_of(form, {}).definition

        assert meaning(again) == meaning(definition)
        assert rows_of(again) == form.rows

    def test_what_is_sent_is_read_back(self) -> None:
        definition = {"and": [{"did": "a", "where": [{"property": "p", "op": "=", "value": "x"}]},
                              {"or": [{"not": {"did": "b"}}, {"did": "c"}]}]}  # fmt: skip
        rows = rows_of(definition)
        query = QueryDict(mutable=True)
        for place, row in enumerate(rows):
            query.update({f"r{place}-kind": row.kind, f"r{place}-depth": str(row.depth)})
            query.update({f"r{place}-{name}": value for name, value in row.given.items()})
            if row.is_not:
                query[f"r{place}-not"] = "1"

        assert rules_of(CohortForm.read(query), {}).definition == definition

    def test_a_refusal_finds_its_row(self) -> None:
        rows = rows_of({"or": [{"did": "a"}, {"not": {"did": "b", "last_days": 0}}]})
        rules = rules_of(CohortForm(rows=rows), {})

        with pytest.raises(FieldError) as refused:
            parse_rule(rules.definition, "definition", ZoneInfo("UTC"))

        assert (refused.value.field, rules.row_at(refused.value)) == (
            "definition.or[1].not.last_days", 2,
        )  # fmt: skip

    @pytest.mark.parametrize("what", ["", "add", "add:x", "add:99", "remove:0", "where:0", "no:1"])
    def test_a_button_that_is_none_changes_nothing(self, what: str) -> None:
        assert CohortForm().done(what) == CohortForm()

    def test_rows_that_stand_where_they_may_not_move_or_go(self) -> None:
        query = QueryDict(
            "r0-kind=did&r1-kind=where&r1-depth=1&r2-kind=did&r2-depth=9&r3-kind=did&r3-depth=2"
        )

        rows = CohortForm.read(query).rows

        assert [(row.kind, row.depth) for row in rows] == [("all", 0), ("did", 1), ("did", 1)]


def meaning(definition: Any) -> Any:
    """Return a definition as the engine is asked, without groups of one."""
    return parse_rule(definition, "definition", ZoneInfo("UTC"))


class TestBuilder:
    def test_rules_are_previewed_and_saved(self, analyst: Client) -> None:
        put_shop()
        body = ROOT | BOUGHT | {"r1-often": "at_least", "r1-n": "2"}

        size = preview(analyst, body)
        answer = analyst.post(NEW, body | {"name": "Buyers", "do": "save"})

        cohort = Cohort.objects.get()
        assert size == "1"
        assert answer["Location"] == f"{COHORTS}{cohort.pk}/"
        assert cohort.definition == {"did": "buy", "at_least": 2}
        page = text(analyst, answer["Location"])
        assert re.search(r'id="cohort-size">1<', page)
        assert "u1" in page

    def test_buttons_add_and_remove_rows(self, analyst: Client) -> None:
        put_shop()
        body = ROOT | BOUGHT

        page = posted(analyst, NEW, body | {"do": "where:1"})
        assert 'name="r2-property"' in page
        body |= {"r2-kind": "where", "r2-depth": "2", "r2-property": "plan", "r2-op": "=",
                 "r2-value": "pro"}  # fmt: skip
        page = posted(analyst, NEW, body | {"do": "group:0"})
        assert 'name="r4-kind"' in page
        page = posted(analyst, NEW, body | {"do": "remove:1"})

        assert 'name="r1-kind"' not in page
        assert preview(analyst, body) == "1"

    def test_a_rule_without_its_event_waits_and_is_not_saved(self, analyst: Client) -> None:
        put_shop()
        body = ROOT | {"r1-kind": "did", "r1-depth": "1"}

        assert "Complete the rules" in preview(analyst, body)
        page = posted(analyst, NEW, body | {"name": "X", "do": "save"})

        assert "Choose an event." in page
        assert Cohort.objects.count() == 0

    def test_a_cohort_too_large_for_the_page_is_not_saved_in_part(self, analyst: Client) -> None:
        put_shop()
        rows = {f"r{n}-kind": "did" for n in range(1, 62)} | {
            f"r{n}-depth": "1" for n in range(1, 62)
        }
        events = {f"r{n}-event": "buy" for n in range(1, 62)}

        page = posted(analyst, NEW, ROOT | rows | events | {"name": "Large", "do": "save"})

        assert "more than 60 rules and filters" in page
        assert Cohort.objects.count() == 0

    @pytest.mark.parametrize(
        ("more", "words"),
        [
            ({"name": ""}, "Give the cohort a name"),
            ({"name": "Taken"}, "already"),
            ({"name": "X", "r1-span": "last", "r1-days": "0"}, "whole number"),
            ({"name": "X", "r1-often": "at_least", "r1-n": "many"}, "whole number"),
            ({"name": "X", "r1-event": "buys"}, "Did you mean “buy”?"),
        ],
    )
    def test_what_is_wrong_is_said_beside_its_field(
        self, analyst: Client, more: dict[str, str], words: str
    ) -> None:
        put_shop()
        make_cohort(name="taken")
        is_saved = "r1-event" not in more

        page = posted(analyst, NEW, ROOT | BOUGHT | more | {"do": "save" if is_saved else ""})

        assert words in page
        assert Cohort.objects.count() == 1

    def test_a_circle_is_said_before_it_is_saved(self, analyst: Client) -> None:
        put_shop()
        one = make_cohort(name="One")
        two = make_cohort(definition={"cohort": one.pk}, name="Two")
        body = ROOT | {"r1-kind": "cohort", "r1-depth": "1", "r1-cohort": str(two.pk)}

        page = posted(analyst, f"{COHORTS}{one.pk}/edit/", body | {"name": "One"})

        assert "“One” → “Two” → “One”" in page

    def test_who_edits_an_older_version_is_told_and_may_replace(self, analyst: Client) -> None:
        put_shop()
        cohort = make_cohort(name="One")
        Cohort.objects.update(version=2)
        edit, body = f"{COHORTS}{cohort.pk}/edit/", ROOT | BOUGHT | {"name": "Mine", "do": "save"}

        page = posted(analyst, edit, body | {"version": "1"})
        version = re.search(r'name="version" value="(\d+)"', page)
        assert version
        again = analyst.post(edit, body | {"version": version[1]})

        assert "Somebody else saved this cohort meanwhile" in page
        assert again.status_code == 302
        assert Cohort.objects.get().name == "Mine"

    def test_a_list_is_pasted(self, analyst: Client) -> None:
        put_shop()
        body = {"is_list": "1", "ids": "u1\nu2, u3\nu1\n\nnobody"}

        assert preview(analyst, body) == "3"
        analyst.post(f"{NEW}?list=1", body | {"name": "Listed", "do": "save"})

        cohort = Cohort.objects.get()
        assert (cohort.user_ids, cohort.listed) == (["u1", "u2", "u3", "nobody"], 4)
        assert "1 of the listed persons has no event" in text(analyst, f"{COHORTS}{cohort.pk}/")

    @pytest.mark.parametrize(
        ("content", "ids"),
        [
            (b"\xef\xbb\xbfname;user_id\nAda;u1\nBob;u2\n", ["u1", "u2"]),
            (b"u1,Ada\nu2,Bob\n", ["u1", "u2"]),
            (b"ID\nu1\n\n", ["u1"]),
        ],
    )
    def test_a_list_comes_from_a_file(
        self, analyst: Client, content: bytes, ids: list[str]
    ) -> None:
        put_shop()
        file = SimpleUploadedFile("people.csv", content, "text/csv")

        analyst.post(f"{NEW}?list=1", {"name": "Filed", "is_list": "1", "file": file, "do": "save"})

        assert Cohort.objects.get().user_ids == ids

    def test_a_file_that_is_no_text_is_refused(self, analyst: Client) -> None:
        put_shop()
        file = SimpleUploadedFile("people.csv", b"\xff\xfe\x00", "text/csv")

        page = posted(analyst, f"{NEW}?list=1", {"name": "Bad", "file": file, "do": "save"})

        assert "no text in UTF-8" in page

    def test_a_list_too_long_to_show_is_kept_unless_a_new_one_comes(self, analyst: Client) -> None:
        put_shop()
        ids = [f"{'x' * 30}{n}" for n in range(40_000)]
        cohort = make_cohort(definition={"kind": "static", "user_ids": ids})
        edit = f"{COHORTS}{cohort.pk}/edit/"

        page = text(analyst, edit)
        kept = analyst.post(edit, {"name": "Still", "keep": "1", "do": "save", "version": "1"})

        assert "40,000 ids are in the list" in page
        assert kept.status_code == 302
        assert Cohort.objects.get().listed == 40_000


class TestPages:
    def test_the_list_begins_empty_and_says_the_next_step(self, analyst: Client) -> None:
        assert "Make the first one" in text(analyst, COHORTS)

    def test_the_list_says_size_maker_and_users(self, analyst: Client, people: People) -> None:
        put_shop()
        analyst.post(NEW, ROOT | BOUGHT | {"name": "Buyers", "do": "save"})
        make_cohort(definition={"cohort": Cohort.objects.get().pk}, name="Around")

        page = text(analyst, COHORTS)

        assert re.search(r"Buyers</a>.*?>2</span>", page, re.DOTALL)
        assert str(people.analyst) in page
        assert re.search(r'<a href="/explore/cohorts/\d+/">Around</a>', page)

    def test_one_says_who_is_in_it_and_leads_to_questions(self, analyst: Client) -> None:
        put_shop()
        cohort = make_cohort(
            definition={"or": [{"did": "buy", "at_least": 2}, {"property": "country", "op": "=",
                                                               "value": "TH"}]}
        )  # fmt: skip

        page = unescape(text(analyst, f"{COHORTS}{cohort.pk}/"))

        assert "Did “buy” at least 2 times" in page
        assert "The person's country is “TH”" in page
        assert "33.3 % of 6 people" in page
        assert f"where=%7B%22cohort%22%3A{cohort.pk}" in page
        assert "No history yet" in page

    def test_more_members_come_when_asked_for(self, analyst: Client) -> None:
        now = clock.now() - timedelta(days=1)
        load([Event("buy", now - timedelta(minutes=n), f"u{n}") for n in range(60)])
        path = f"{COHORTS}{make_cohort().pk}/"
        link = re.search(r'href="(\?cursor=[^"]+)"', text(analyst, path))
        assert link

        part = text(analyst, f"{path}{unescape(link[1])}", **{"HX-Request": "true"})
        broken = text(analyst, f"{path}?cursor=x", **{"HX-Request": "true"})

        assert part.count('class="behind-person"') == 10
        assert "This is no cursor" in broken

    def test_one_names_the_saved_insights_that_ask_about_it(
        self, analyst: Client, people: People
    ) -> None:
        put_shop()
        cohort = make_cohort()
        for name, number in (("Ours", cohort.pk), ("Other", cohort.pk + 1)):
            definition = {
                "from": "-30d",
                "series": [{"event": "visit", "where": [{"cohort": number}]}],
            }
            SavedInsight.objects.create(
                name=name, kind="trend", definition=definition, created_by=people.analyst,
                created_at=clock.now(), updated_at=clock.now(),
            )  # fmt: skip

        page = text(analyst, f"{COHORTS}{cohort.pk}/")

        assert ">Ours</a>" in page
        assert ">Other</a>" not in page
        assert "1 saved insight that you may see asks about it" in page

    def test_the_palette_finds_one_by_its_name(
        self, analyst: Client, people: People, browse: PageClient
    ) -> None:
        cohort = make_cohort(name="Weekly buyers")

        found = analyst.get("/search?q=buyers").json()

        assert found == [
            {
                "label": "Weekly buyers",
                "url": f"{COHORTS}{cohort.pk}/",
                "kind": "Cohort",
                "starred": False,
            }
        ]
        assert browse(people.outsider).get("/search?q=buyers").json() == []

    def test_a_viewer_sees_no_buttons(self, people: People, browse: PageClient) -> None:
        put_shop()
        path = f"{COHORTS}{make_cohort(people.owner).pk}/"
        viewer = browse(people.viewer)

        assert "Delete" not in text(viewer, path)
        assert "New cohort" not in text(viewer, COHORTS)

    def test_deleting_one_that_another_uses_is_refused_in_words(self, analyst: Client) -> None:
        put_shop()
        one = make_cohort(name="One")
        two = make_cohort(definition={"cohort": one.pk}, name="Two")

        refused = analyst.post(f"{COHORTS}{one.pk}/delete/", follow=True)
        done = analyst.post(f"{COHORTS}{two.pk}/delete/", follow=True)

        assert "“Two”" in refused.content.decode()
        assert "Two is deleted." in done.content.decode()
        assert Cohort.objects.get() == one


class TestInOtherBuilders:
    TREND = "/explore/trends/?event=visit&math=unique_users&property=&name="

    def test_a_filter_by_cohort_moves_into_the_address(self, analyst: Client) -> None:
        put_shop()
        cohort = make_cohort(name="Buyers")

        answer = analyst.get(f"{self.TREND}&new_cohort={cohort.pk}&new_cohort_op=not_in&new_in=A")
        page = unescape(text(analyst, answer["Location"]))

        where = QueryDict(answer["Location"].partition("?")[2]).getlist("where")
        assert where == [f'{{"cohort":{cohort.pk},"op":"not_in","in":"A"}}']
        assert "not in “Buyers”" in page
        assert re.search(r'<th scope="row">visit[^<]*</th><td class="num">4</td>', page)

    def test_the_filter_form_offers_cohorts_where_there_are_any(self, analyst: Client) -> None:
        put_shop()
        without = text(analyst, self.TREND)
        cohort = make_cohort(name="Buyers")

        page = text(analyst, self.TREND)

        assert 'name="new_cohort"' not in without
        assert f'<option value="{cohort.pk}">Buyers</option>' in page

    @pytest.mark.parametrize(
        "path",
        [
            TREND,
            "/explore/funnels/?event=visit&label=&event=buy&label=&window=14&unit=day",
            "/explore/retention/?start_event=visit&return_event=visit",
            "/explore/sessions/?event=visit",
        ],
    )
    def test_a_breakdown_by_cohort_is_chosen_by_its_name(self, analyst: Client, path: str) -> None:
        put_shop()
        cohort = make_cohort(name="Buyers")

        answer = analyst.get(f"{path}&breakdown=Cohort: buyers", follow=True)
        page = unescape(answer.content.decode())

        query = QueryDict(answer.request["QUERY_STRING"])
        assert (query["breakdown"], query["of"]) == (str(cohort.pk), "cohort")
        assert 'value="Cohort: Buyers"' in page
        assert "by cohort Buyers" in page
        assert "not in Buyers" in page

    def test_one_that_is_gone_is_said_to_be(self, analyst: Client) -> None:
        put_shop()

        page = unescape(text(analyst, f'{self.TREND}&where={{"cohort":99,"op":"in"}}'))

        assert "in a cohort that is gone" in page
        assert "There is no cohort with this id" in page

    def test_the_links_of_a_cohort_lead_to_questions_that_are_answered(
        self, analyst: Client
    ) -> None:
        put_shop()
        cohort = make_cohort(name="Buyers")
        page = unescape(text(analyst, f"{COHORTS}{cohort.pk}/"))
        links = re.findall(r'href="(/explore/(?:trends|funnels)/\?[^"]+)"', page)

        opened = [analyst.get(link, follow=True) for link in links]

        assert len(links) == 3
        assert [one.status_code for one in opened] == [200] * 3
        assert all("Buyers" in one.content.decode() for one in opened)
