"""Instruments by names that only data knows: bounded, and on the same page as all others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portal.lib import instruments, named_instruments
from portal.lib.named_instruments import MOST_NAMES, cleaned, count_event, record_gauge


@pytest.fixture(autouse=True)
def none_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin without names, and take those away that were made."""
    made_before = [
        *named_instruments.events._made.values(),
        *named_instruments.gauges._made.values(),
    ]
    for made in made_before:  # by other tests of this process
        instruments.registry.unregister(made)
    for named in (named_instruments.events, named_instruments.gauges):
        monkeypatch.setattr(named, "_made", {})
        monkeypatch.setattr(named, "_names", set())
    monkeypatch.setattr(named_instruments, "_shapes", {})
    yield
    for named in (named_instruments.events, named_instruments.gauges):
        for made in named._made.values():
            instruments.registry.unregister(made)
    for made in made_before:
        instruments.registry.register(made)


def value(name: str, **labels: str) -> float | None:
    return instruments.registry.get_sample_value(instruments.PREFIX + name, labels)


def test_an_event_counts_under_its_name_by_platform() -> None:
    count_event("Order Completed", "ios", 3)
    count_event("Order Completed", "ios")
    count_event("Order Completed", "toaster")

    assert value("event_Order_Completed_total", platform="ios") == 4
    assert value("event_Order_Completed_total", platform="other") == 1


def test_beyond_the_bound_events_count_under_other_and_are_counted_as_left_out() -> None:
    before = value("instruments_left_out_total", kind="event") or 0
    for number in range(MOST_NAMES + 5):
        count_event(f"made_up_{number}", "web")
    count_event("made_up_3", "web")

    assert value("event_made_up_3_total", platform="web") == 2
    assert value(f"event_made_up_{MOST_NAMES}_total", platform="web") is None
    assert value("event_other_total", platform="web") == 5
    assert (value("instruments_left_out_total", kind="event") or 0) - before == 5
    assert len(named_instruments.events._made) == MOST_NAMES + 1


def test_a_name_of_the_portals_own_is_not_taken_over() -> None:
    count_event("loop_lag_seconds", "web")  # tanqory_event_loop_lag_seconds is a histogram

    assert value("event_other_total", platform="web") == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [("page view!", "page_view"), ("  ", "other"), ("größe", "gr_e"), ("a" * 200, "a" * 80)],
)
def test_names_become_what_metrics_may_be_called(name: str, expected: str) -> None:
    assert cleaned(name) == expected


def test_a_gauge_keeps_its_last_value_by_the_tags_that_it_got_first() -> None:
    record_gauge("mail depth", 3, {"queue": "mail"})
    record_gauge("mail depth", 5, {"queue": "mail", "host": "a"})
    record_gauge("mail depth", 7, {})
    record_gauge("temperature", 21.5)
    record_gauge("orders_total", 2)

    assert value("custom_mail_depth", queue="mail") == 5
    assert value("custom_mail_depth", queue="") == 7
    assert value("custom_temperature") == 21.5
    assert value("custom_orders_total_value") == 2


def test_gauges_are_bounded_in_names_and_in_label_sets() -> None:
    sets = [record_gauge("depth", 1, {"queue": str(number)}) for number in range(120)]
    names = [record_gauge(f"gauge_{number}", 1) for number in range(MOST_NAMES)]

    assert sets.count(True) == named_instruments.MOST_LABEL_SETS
    assert names.count(True) == MOST_NAMES - 1
    assert record_gauge("depth", 2, {"queue": "0"})
