"""The business board of the system that the portal replaces.

Its total of revenue added up all currencies; here each stands by itself.
"""

from __future__ import annotations

from dashboards.shipped import Box, Shipped
from portal.lib.instruments import PREFIX

BUSINESS_METRICS = Shipped(
    uid="business-metrics",
    name="Business Metrics",
    description="Key business performance indicators and revenue metrics",
    tags=["business", "revenue", "analytics"],
    starts="-30d",
    is_public=False,
    boxes=(
        Box(
            "total-revenue", "stat", "Total Revenue (24h)", (0, 0, 6, 8), "promql",
            f"sort_desc(sum by (currency) (increase({PREFIX}revenue_total[24h])))",
            "Each currency by itself: amounts of different currencies are never added up.", 300,
            {"unit": "currency", "legend": "{{currency}}", "instant": True},
        ),
        Box(
            "conversion-funnel", "funnel", "Conversion Funnel", (6, 0, 9, 8), "dataset",
            "funnel_analysis",
            "Persons who took each step within 30 days of their page view, in this order.", 300,
        ),
        Box(
            "top-products", "table", "Top Products by Revenue", (15, 0, 9, 8), "dataset",
            "top_products_by_revenue",
            "Of the currency with most orders first; amounts of different currencies are never"
            " compared.", 600,
            {"columns": ["Product", "Revenue", "Currency", "Orders"], "limit": 10},
        ),
    ),
)  # fmt: skip
