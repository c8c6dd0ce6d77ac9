"""Personal data is taken out of events before anything of them is written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.ingest import quarantine
from analytics.ingest.models import Quarantined, ScrubRule, Source
from analytics.ingest.scrub import BadPattern, Rule, Scrubber
from analytics.ingest.scrubbers import Scrubbers
from analytics.ingest.writer import Writer
from analytics.privacy import actions
from portal.audit.models import AuditEntry
from portal.lib import clock
from tests.conftest import PageClient
from tests.factories import make_staff
from tests.ingest.conftest import DoorClient, rows, write_all

ADDRESS = "ada.l+x@example.co.uk"
CAUGHT = {
    "email": [ADDRESS, "mail to <ada@example.org>!", "?to=ada%40example.org&x=1"],
    "phone": ["+49 30 1234567", "call 0049 (30) 123-4567 now", "555-010-1234", "(555) 010-1234"],
    "card": ["4111 1111 1111 1111", "paid with 5500-0055-5555-5559.", "378282246310005"],
    "iban": ["DE89 3704 0044 0532 0130 00", "GB82WEST12345698765432 is mine"],
    "ip": ["10.0.0.7", "from 2001:db8::8a2e:370:7334 it came"],
    "token": [
        "Bearer abcdefghijklmnop1234",
        "eyJhbGciOiJI.eyJzdWIiOiIx.abc",
        "AKIAIOSFODNN7EXAMPLE",
    ],
}
PASSED = {
    "email": ["a@b", "@home", "10 @ 20.5"],
    "phone": ["+1 5", "order 12345678", "2026-03-01T08:00:00+02:00"],
    "card": ["4111 1111 1111 1112", "1700000000000", "order 1234567890123456"],
    "iban": ["DE89 3704 0044 0532 0130 01", "ORDER12345678901234"],
    "ip": ["1.2.3", "999.1.1.1", "at 10:42:07"],
    "token": ["Bearer of news", "eyJ", "pik_short"],
}


def scrubber(kind: str, action: str = "mask", pattern: str = "") -> Scrubber:
    return Scrubber([Rule(1, kind, action, pattern)], b"k" * 32)


def scrubbed(one: Scrubber, properties: dict[str, Any], name: str = "seen") -> dict[str, Any]:
    event = {"name": name, "properties": orjson.loads(orjson.dumps(properties))}
    if one.may_catch(orjson.dumps([event])):
        one.scrub([event])
    found: dict[str, Any] = event["properties"]
    return found


@pytest.mark.parametrize(("kind", "text"), [(k, one) for k, all_ in CAUGHT.items() for one in all_])
def test_what_it_looks_for_is_caught(kind: str, text: str) -> None:
    found = scrubbed(scrubber(kind), {"note": text, "deep": {"list": ["x", text]}})

    assert f"[{kind}]" in found["note"]
    assert f"[{kind}]" in found["deep"]["list"][1]


@pytest.mark.parametrize(("kind", "text"), [(k, one) for k, all_ in PASSED.items() for one in all_])
def test_what_only_looks_like_it_passes(kind: str, text: str) -> None:
    assert scrubbed(scrubber(kind), {"note": text}) == {"note": text}


def test_a_card_sent_as_a_number_is_caught_and_a_time_is_not() -> None:
    given_ = {"card": 4111111111111111, "at": 1767225600000}

    assert scrubbed(scrubber("card"), given_) == {"card": "[card]", "at": 1767225600000}


def test_each_action_does_what_it_says() -> None:
    given_ = {"note": f"to {ADDRESS}", "tags": [ADDRESS, "x"], "n": 1}

    dropped = scrubbed(scrubber("email", "drop"), given_)
    hashed = scrubbed(scrubber("email", "hash"), given_ | {"again": ADDRESS.upper()})

    assert dropped == {"tags": ["x"], "n": 1}
    assert hashed["note"].startswith("to [email:")
    assert hashed["tags"][0] == hashed["again"]
    assert Scrubber([Rule(1, "email", "hash")], b"o" * 32).text(ADDRESS) != hashed["again"]


def test_properties_are_caught_by_parts_of_their_names() -> None:
    given_ = {"userPassword": "x", "login": {"Auth-Token": {"a": 1}}, "passes": 3}

    assert scrubbed(scrubber("key", "drop", "password, token"), given_) == {
        "login": {}, "passes": 3
    }  # fmt: skip
    assert scrubbed(scrubber("key", "mask", "PASSWORD"), given_)["userPassword"] == "[key]"


def test_an_alias_is_an_id_and_stays() -> None:
    given_ = {"alias": ADDRESS, "note": ADDRESS}

    assert scrubbed(scrubber("email"), given_, "alias") == {"alias": ADDRESS, "note": "[email]"}


def test_an_escaped_character_hides_nothing() -> None:
    body = b'{"events":[{"name":"a","properties":{"x":"ada\\u0040example.org"}}]}'

    assert scrubber("email").may_catch(body)


@pytest.mark.parametrize(
    "pattern", ["(?=a)b", "(a", "", "a*", "x" * 501, r"(a)\1", "((a{1,900}){1,900}){1,900}"]
)
def test_a_pattern_that_could_hold_the_door_up_is_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Rule(1, "pattern", "mask", pattern).check()


def test_a_bomb_for_other_engines_takes_no_time() -> None:
    one = scrubber("pattern", "mask", "(a+)+$")
    began = time.perf_counter()

    scrubbed(one, {"x": "a" * 20_000 + "b"})

    assert time.perf_counter() - began < 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.sampled_from([ADDRESS, "x", "a@b.c d"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abc"), JSON))
def test_nothing_that_is_looked_for_is_left_and_all_else_stays(properties: dict[str, Any]) -> None:
    found = scrubbed(scrubber("email"), properties)

    assert ADDRESS not in orjson.dumps(found).decode()
    assert orjson.dumps(found) == orjson.dumps(properties).replace(
        ADDRESS.encode(), b"[email]"
    ).replace(b"a@b.c", b"[email]")


# Through the door, the quarantine and the pages.


def switched_on(kind: str, source: Source | None = None, action: str = "mask") -> ScrubRule:
    admin = make_staff("admin")
    row = actions.save_rule(admin, Rule(0, kind, action), source, clock.now())
    actions.switch_rule(admin, row, on=True)
    return row


def test_what_is_on_acts_before_the_spool(
    door: DoorClient, writer: Writer, source: Source, data_dir: Path
) -> None:
    switched_on("email", source)

    door.send({"name": "a", "properties": {"mail": ADDRESS, "n": 1}}, {"name": "b"})

    spooled = b"".join(file.read_bytes() for file in (data_dir / "spool").iterdir())
    assert ADDRESS.encode() not in spooled
    write_all(writer)
    assert rows("SELECT strings['mail'] FROM events WHERE name = 'a'") == [("[email]",)]


def test_rules_of_another_source_and_rules_that_are_off_do_nothing(
    door: DoorClient, writer: Writer, source: Source
) -> None:
    other = Source.objects.create(name="other")
    switched_on("email", other)
    actions.save_rule(make_staff("admin"), Rule(0, "email", "drop"), None, clock.now())

    door.send({"name": "a", "properties": {"mail": ADDRESS}})
    write_all(writer)

    assert rows("SELECT strings['mail'] FROM events") == [(ADDRESS,)]


def test_what_the_door_rejects_is_scrubbed_as_a_whole(
    door: DoorClient, writer: Writer, source: Source
) -> None:
    switched_on("email")

    door.send({"name": 7, "mail": ADDRESS, "properties": {"x": [ADDRESS]}, "timestamp": ADDRESS})
    writer.chores(clock.now())
    quarantine.take_in(writer.spool)

    kept = Quarantined.objects.get()
    assert ADDRESS not in f"{kept.event} {kept.message}"
    assert "[email]" in kept.event


def test_rules_hold_while_the_database_is_away(
    transactional_db: None, engine: None, tmp_path: Path, source: Source
) -> None:
    switched_on("email")
    Scrubbers(tmp_path / "rules.json").load()

    remembered = Scrubbers(tmp_path / "rules.json").of(source.pk)

    assert remembered is not None
    assert remembered.text(ADDRESS) == "[email]"
    assert (tmp_path / "rules.json").stat().st_mode & 0o777 == 0o600


def test_a_rule_is_tried_on_the_last_hour_before_it_is_switched_on(
    door: DoorClient, writer: Writer, browse: PageClient
) -> None:
    door.send({"name": "signup", "properties": {"mail": ADDRESS}}, {"name": "other"})
    write_all(writer)
    page = browse(make_staff("admin"))

    made = page.post("/settings/privacy/rules/new/", {"kind": "email", "action": "mask"})
    shown = page.get(made["Location"]).text
    row = ScrubRule.objects.get()

    assert row.is_on is False
    assert "1 of 2 events would have been changed" in shown
    assert ADDRESS not in shown
    page.post(f"/settings/privacy/rules/{row.pk}/switch/", {"on": "1"})
    assert ScrubRule.objects.filter(is_on=True).count() == 1
    assert AuditEntry.objects.filter(action="scrub_rule.switch").exists()
    page.post(made["Location"], {"kind": "phone", "action": "drop"})
    row.refresh_from_db()
    assert (row.kind, row.is_on) == ("phone", False)


def test_a_wrong_pattern_is_said_beside_its_field(
    engine: None, transactional_db: None, browse: PageClient
) -> None:
    given_ = {"kind": "pattern", "pattern": "(?=a)b", "action": "mask"}

    page = browse(make_staff("admin")).post("/settings/privacy/rules/new/", given_)

    assert "This pattern cannot be used" in page.text
    assert not ScrubRule.objects.exists()
