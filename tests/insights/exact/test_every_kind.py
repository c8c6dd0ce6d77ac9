"""Every kind of question is answered as its oracle answers it, in every form.

Two tests a form: kinds over years touch many more of the engine's parts than those over days.
"""

from __future__ import annotations

import pytest

from tests.insights.exact import (
    activities,
    funnels,
    memberships,
    retentions,
    trends,
    visits,
    walks,
)
from tests.insights.exact.conftest import Form
from tests.insights.exact.stand import hold_against_the_oracles

pytestmark = pytest.mark.slow
OVER_YEARS = (trends.KIND, retentions.KIND, activities.LIFECYCLE, activities.STICKINESS)
OVER_DAYS = (funnels.KIND, memberships.KIND, walks.KIND, visits.KIND)


def test_questions_over_years_are_answered_as_by_looking_at_everybody(form: Form) -> None:
    hold_against_the_oracles(OVER_YEARS, form)


def test_questions_over_days_are_answered_as_by_looking_at_everybody(form: Form) -> None:
    hold_against_the_oracles(OVER_DAYS, form)
