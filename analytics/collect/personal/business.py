"""Business metrics whose SQL or figures name somebody."""

from __future__ import annotations

from analytics.collect.models import BusinessMetric
from portal.audit.personal import holders
from portal.audit.personal_texts import Texts

holders.add(
    Texts(
        kind="business_metrics",
        label="Business metrics",
        model=BusinessMetric,
        fields=("description", "query", "figures", "error"),
        has_version=True,
    )
)
