"""The dataset `funnel_analysis`: from a view over the sign-up to the first purchase and the next.

Answers as the source `funnel` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from portal.store.frame import Frame
from portal.store.sources import Question, ask, dataset, sources

STEPS: tuple[dict[str, Any], ...] = (
    {"event": "page_view", "label": "Page view"},
    {"event": "signup", "label": "Sign-up"},
    {"event": "purchase", "label": "First purchase"},
    {"event": "purchase", "label": "Repeat purchase"},
)
WINDOW = {"value": 30, "unit": "day"}


@dataclass(frozen=True)
class FunnelAnalysis:
    kind: str = dataset("funnel_analysis")
    label: str = "Funnel from page view to repeat purchase"
    counted: str = "People who viewed a page, signed up, purchased and purchased again, in this order within 30 days."

    def run(self, question: Question) -> Frame:
        definition = {"steps": [dict(one) for one in STEPS], "window": dict(WINDOW)}
        return ask("funnel", replace(question, params=definition))


sources.add(FunnelAnalysis())
