"""The dataset `top_products_by_revenue`: what was bought, of the events `purchase`.

Columns: `product_name`, `currency`, `revenue` (in that currency), `orders`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from analytics.insights.sql import datasets as sql
from portal.lib.field_error import FieldError
from portal.store.frame import Column, Frame
from portal.store.sources import Question, dataset, sources

COLUMNS = (
    Column("product_name", "string", "Product"),
    Column("currency", "string", "Currency"),
    Column("revenue", "number", "Revenue"),
    Column("orders", "number", "Orders", "count"),
)
COUNTED = (
    "The property revenue of all events named purchase, by product and currency; amounts of"
    " different currencies are never added up, and the currency with most orders stands first."
)


@dataclass(frozen=True)
class TopProducts:
    kind: str = dataset("top_products_by_revenue")
    label: str = "Top products by revenue"
    counted: str = COUNTED

    def run(self, question: Question) -> Frame:
        if question.window is None:
            raise FieldError("from", "Top products need a time range.")
        result, cost = question.run(sql.top_products(question.window, question.person))
        rows = list(zip(*result.rows(), strict=True)) or [()] * len(COLUMNS)
        return Frame(
            COLUMNS, tuple(list(cells) for cells in rows), replace(cost, counted=(COUNTED,))
        )


sources.add(TopProducts())
