"""Settings that cannot be used say what they should be."""

from __future__ import annotations

import pytest

from portal.lib.env import Env, Misconfigured


def prefix(text: str) -> str:
    return Env({"PORTAL_METRIC_PREFIX": text}).prefix("PORTAL_METRIC_PREFIX", "tanqory_")


def test_metrics_begin_with_what_their_names_may_begin_with() -> None:
    assert prefix("") == "tanqory_"
    assert prefix("acme_") == "acme_"


@pytest.mark.parametrize("wrong", ["my-shop_", "9_", "a b", "größe_", "x" * 41])
def test_a_prefix_that_no_metric_may_have_stops_the_start(wrong: str) -> None:
    with pytest.raises(Misconfigured, match=r"PORTAL_METRIC_PREFIX=.* should be letters"):
        prefix(wrong)
