"""Saved insights, cohorts and data sets can be shared."""

from __future__ import annotations

from django.db.models import Q

from analytics.insights.models import (
    ADMINISTER,
    ADMINISTER_DATA,
    CHANGE_COHORT,
    EXPLORE,
    SAVE,
    VIEW_DATA,
    Cohort,
    DataSet,
    SavedInsight,
)
from portal.accounts.shareables import EVERYTHING, Shareable, shareables

shareables.add(
    Shareable(
        "insight",
        "Saved insight",
        SavedInsight,
        see=EXPLORE,
        change=SAVE,
        administer=ADMINISTER,
        is_open=Q(is_shared=True, folder=None),
        open_words="It is shared and stands in no folder",
        inherits=Q(is_shared=True),
        may_be_public=False,
        icon="star",
    )
)
shareables.add(
    Shareable(
        "data_set",
        "Data set",
        DataSet,
        see=VIEW_DATA,
        change=ADMINISTER_DATA,
        administer=ADMINISTER_DATA,
        has_folder=False,
        may_be_public=False,
        is_makers=False,
        icon="eye",
    )
)
shareables.add(
    Shareable(
        "cohort",
        "Cohort",
        Cohort,
        see=EXPLORE,
        change=CHANGE_COHORT,
        administer=ADMINISTER,
        is_open=EVERYTHING,  # a cohort is a word that all of them use
        open_words="It is a word for all",
        change_is_open=Q(is_protected=False),
        has_folder=False,
        may_be_public=False,
        may_be_protected=True,
        icon="users",
    )
)
