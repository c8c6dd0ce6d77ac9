"""The question why a trend changed, as a browser without scripts sees it."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.test import Client

from analytics.insights.forms.trend import TrendForm
from analytics.insights.forms.why import Point, WhyForm
from portal.lib import clock
from tests.conftest import PageClient
from tests.insights.events import Event, load
from tests.insights.test_pages import text
from tests.people import People

TRENDS, WHY = "/explore/trends/", "/explore/trends/why/"
PAY = "event=pay&math=total&property=&name="


class TestAddress:
    def test_it_says_the_whole_question_and_nothing_else(self) -> None:
        address = (
            f"{PAY}&from=-7d&point=[0,%222026-03-10T00:00:00Z%22,5]&against=another&on=2026-03-01"
        )

        form = WhyForm.read(QueryDict(address))

        assert WhyForm.read(QueryDict(form.address()[1:])) == form
        assert form.point == Point(0, "2026-03-10T00:00:00Z", 5)

    @pytest.mark.parametrize(
        "point", ["", "x", "[]", "[1]", '["a",1,2,3]', "null", "[-1,null,null]"]
    )
    def test_what_is_no_point_is_the_total_of_the_first_series(self, point: str) -> None:
        assert Point.read(point) == Point()

    def test_only_the_line_s_own_filters_hold(self) -> None:
        where = '{"property":"p","op":"=","value":%d,"in":"%s"}'
        filters = "".join(f"&where={where % (n, of)}" for n, of in enumerate(("", "A", "B")))
        address = f"{PAY}&{PAY}&breakdown=plan&of=person{filters}&point=[1,null,%22$none%22]"

        form = WhyForm.read(QueryDict(address))

        assert [(one.property, one.op, one.value, one.of) for one in form.where] == [
            ("p", "=", 0, "event"), ("p", "=", 2, "event"), ("plan", "is_not_set", None, "person"),
        ]  # fmt: skip

    def test_a_line_of_a_cohort_is_its_members(self) -> None:
        address = f"{PAY}&breakdown=7&of=cohort&point=[0,null,%22not in Power%22]"

        form = WhyForm.read(QueryDict(address))

        assert form.where[0].as_json() == {"cohort": 7, "op": "not_in"}

    def test_a_value_leads_to_the_trend_of_that_value(self) -> None:
        form = WhyForm.read(QueryDict(f"{PAY}&formula=A&from=-7d&chart=bar&point=[0,null,null]"))

        drilled = TrendForm.read(QueryDict(form.drilled("browser", "edge")[1:]))

        assert [(one.property, one.value, one.series) for one in drilled.where] == [
            ("browser", "edge", "")
        ]
        assert (drilled.formula, drilled.chart, drilled.range.given["from"]) == ("", "bar", "-7d")


@pytest.mark.django_db
@pytest.mark.usefixtures("store_schema", "empty_cache")
class TestPage:
    @pytest.fixture
    def analyst(self, people: People, browse: PageClient) -> Client:
        return browse(people.analyst)

    @pytest.fixture
    def today(self) -> datetime:
        return clock.now().replace(hour=0, minute=0, second=0, microsecond=0)

    def company(self, today: datetime) -> None:
        """Two days ago edge paid as the others did; yesterday it did not any more."""
        load(
            Event("pay", today - timedelta(days=ago, hours=-1), f"u{n}", platform="web",
                  properties={"browser": browser, "country": ("de", "fr")[n % 2], "n": n})
            for ago in (1, 2)
            for browser in ("edge", "firefox", "chrome")
            for n in range(4)
            if not (ago == 1 and browser == "edge")
        )  # fmt: skip

    def asked(self, today: datetime, **more: str) -> str:
        yesterday = f"{today - timedelta(days=1):%Y-%m-%dT00:00:00Z}"
        query = {"from": "-7d", "interval": "day", "point": Point(0, yesterday).packed()}
        return f"{WHY}?{PAY}&{urlencode(query | more)}"

    def test_every_point_of_a_trend_can_be_asked(self, analyst: Client, today: datetime) -> None:
        self.company(today)
        page = text(analyst, f"{TRENDS}?{PAY}&from=-7d")

        buttons = [
            json.loads(unescape(p)) for p in re.findall(r'name="point" value="([^"]+)"', page)
        ]
        hidden = re.search(r'<form id="why" [^>]+>(.*?)</form>', page, re.DOTALL)

        assert buttons[0] == [0, "", None]
        assert [b[1][:10] for b in buttons[1:]][-2] == f"{today - timedelta(days=1):%Y-%m-%d}"
        assert hidden is not None
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', hidden[1]))
        assert {"event", "math", "from", "to", "tz", "interval", "as_of"} <= fields.keys()
        drawn = page.split('id="trend-chart"')[1].split("</script>")[0]
        figure = json.loads(drawn[drawn.index("{") :])
        assert figure["data"][0]["meta"]["cells"][-2]["title"].startswith("Why did “pay” change, ")

    @pytest.mark.parametrize(
        "address",
        [
            "event=pay&math=p90&property=n&name=",
            f"{PAY}&formula=A*2",
            "event=pay&math=wau&property=&name=",
        ],
    )
    def test_what_does_not_fall_into_parts_is_not_offered(
        self, analyst: Client, today: datetime, address: str
    ) -> None:
        self.company(today)

        page = text(analyst, f"{TRENDS}?{address}&from=-7d")

        assert 'name="point"' not in page
        assert "Press a point" not in page

    def test_it_names_who_made_the_number_fall_with_the_arithmetic(
        self, analyst: Client, today: datetime
    ) -> None:
        self.company(today)

        page = text(analyst, self.asked(today))

        assert '<span class="stat-value" id="why-change">\N{MINUS SIGN}4</span>' in page
        assert "<strong>browser is edge</strong> went from 4 to 0, \N{MINUS SIGN}4" in page
        assert "that would be \N{MINUS SIGN}1.30" in page
        assert "\N{MINUS SIGN}4 0 0 = \N{MINUS SIGN}4" in page
        assert re.search(r"Only followed the whole: .*country", page)
        assert "A value&#x27;s contribution is what it counted now" in page

    def test_a_value_links_to_its_trend(self, analyst: Client, today: datetime) -> None:
        self.company(today)
        page = text(analyst, self.asked(today))
        link = re.search(r'<a href="([^"]+)" title="The trend where browser is edge"', page)
        assert link is not None

        trend = text(analyst, unescape(link[1]))

        assert "browser is “edge”" in trend

    def test_it_is_compared_with_what_one_chooses(self, analyst: Client, today: datetime) -> None:
        self.company(today)

        week = text(analyst, self.asked(today, against="same_bucket_last_week"))
        other = text(
            analyst,
            self.asked(today, against="another", on=f"{today - timedelta(days=3):%Y-%m-%d}"),
        )
        same = text(
            analyst,
            self.asked(today, against="another", on=f"{today - timedelta(days=1):%Y-%m-%d}"),
        )

        assert 'id="why-change">+8<' in week
        assert 'id="why-change">+8<' in other
        assert 'type="date" name="on"' in other
        assert "This is the same day: choose another to compare it with." in same

    def test_a_total_is_compared_with_the_period_before(
        self, analyst: Client, today: datetime
    ) -> None:
        self.company(today)

        page = text(analyst, f"{WHY}?{PAY}&from=-2d&point=[0,null,null]")

        assert 'id="why-change">+20<' in page
        assert "still runs" not in page
        assert 'name="against"' not in page

    def test_a_line_of_a_breakdown_is_explained_alone(
        self, analyst: Client, today: datetime
    ) -> None:
        self.company(today)
        yesterday = f"{today - timedelta(days=1):%Y-%m-%dT00:00:00Z}"

        page = text(
            analyst,
            self.asked(today, breakdown="browser", point=Point(0, yesterday, "edge").packed()),
        )

        assert 'id="why-change">\N{MINUS SIGN}4<' in page
        people = re.search(r'href="(/explore/people-behind/trend/[^"]+)"', page)
        assert people is not None
        assert "Nobody" in text(analyst, unescape(people[1]))

    def test_an_average_shows_rate_and_mix(self, analyst: Client, today: datetime) -> None:
        self.company(today)
        load(
            [Event("pay", today - timedelta(days=ago, hours=-1), properties={"p": p, "n": n})
             for ago, p, n in ((2, "a", 1), (2, "b", 5), (1, "a", 1), (1, "b", 9))]
        )  # fmt: skip

        page = text(
            analyst, self.asked(today).replace("math=total&property=", "math=avg&property=n")
        )

        assert ">Rate</th>" in page
        assert "+2 0 = +2" in page

    @pytest.mark.parametrize(
        "query",
        ["", "event=pay&math=p90&property=n&name=", f"{PAY}&point=[7,null,null]", f"{PAY}&from=x"],
    )
    def test_what_cannot_be_explained_says_so(self, analyst: Client, query: str) -> None:
        load([])

        assert "This cannot be counted as asked" in text(analyst, f"{WHY}?{query}")

    def test_htmx_gets_the_answer_alone(self, analyst: Client, today: datetime) -> None:
        self.company(today)

        part = text(analyst, self.asked(today), **{"HX-Request": "true"})

        assert "<html" not in part
        assert 'id="why-how-counted"' in part


def test_a_trend_says_which_series_a_line_is_of(trend: Any) -> None:
    frame = trend(
        series=[{"event": "a"}, {"event": "a"}], **{"from": "2026-01-01", "to": "2026-01-02"}
    )

    assert [one["series_index"] for one in frame.extra["series"]] == [0, 1]
