"""What the settings let in of what Prometheus has behind flags."""

from __future__ import annotations

import pytest

from analytics.promql.outcome import Options
from portal.lib.env import Env, Misconfigured

FLAGS = ("promql-experimental-functions", "promql-delayed-name-removal")


def chosen(text: str) -> tuple[str, ...]:
    variables = {"PORTAL_PROMQL_FEATURES": text} if text else {}
    return Env(variables).words("PORTAL_PROMQL_FEATURES", FLAGS, unless_told=())


def test_nothing_is_let_in_unless_told() -> None:
    assert Options.of(chosen("")) == Options()


def test_each_flag_lets_its_own_in() -> None:
    assert Options.of(chosen(FLAGS[0])) == Options(experimental_functions=True)
    assert Options.of(chosen(FLAGS[1])) == Options(delayed_name_removal=True)
    both = Options(experimental_functions=True, delayed_name_removal=True)
    assert Options.of(chosen(", ".join(FLAGS))) == both


def test_an_unknown_flag_is_refused_by_its_name() -> None:
    with pytest.raises(Misconfigured, match="PORTAL_PROMQL_FEATURES='promql-magic' should be"):
        chosen("promql-magic")
