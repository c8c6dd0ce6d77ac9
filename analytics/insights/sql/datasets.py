"""What named datasets ask of events. Pure."""

from __future__ import annotations

from analytics.insights.sql.params import Params
from analytics.insights.sql.selection import Selection, where
from portal.store.query import Query, TimeRange

MOST_ERRORS, MOST_PRODUCTS = 100, 100


def recent_errors(window: TimeRange, person: str) -> Query:
    """Return what failed lately, each kind of error once: when last, what, where, how often."""
    params = Params()
    sql = f"""
SELECT max(ts) AS timestamp, {either("type", "error_type")} AS error_type, strings['message'] AS message,
    strings['component'] AS component, strings['severity'] AS severity, count() AS count
FROM events
WHERE {where(Selection("error_occurred", window), params, person)}
GROUP BY error_type, message, component, severity
ORDER BY timestamp DESC, count DESC
LIMIT {MOST_ERRORS}"""
    return Query(sql.strip(), params.values)


def top_products(window: TimeRange, person: str) -> Query:
    """Return what was bought, by product and currency: revenue and orders.

    The currency with most orders stands first: amounts of different ones are never compared.
    """
    params = Params()
    sql = f"""
SELECT product_name, currency, revenue, orders
FROM (
    SELECT product_name, currency, revenue, orders, sum(orders) OVER (PARTITION BY currency) AS weight
    FROM (
        SELECT {either("product", "product_name")} AS product_name, strings['currency'] AS currency,
            round(sum(numbers['revenue']), 2) AS revenue, count() AS orders
        FROM events
        WHERE {where(Selection("purchase", window), params, person)} AND product_name != ''
        GROUP BY product_name, currency
    )
)
ORDER BY weight DESC, currency, revenue DESC, product_name
LIMIT {MOST_PRODUCTS}"""
    return Query(sql.strip(), params.values)


def either(usual: str, other: str) -> str:
    """Read a property that some call otherwise."""
    return f"if(strings['{usual}'] != '', strings['{usual}'], strings['{other}'])"
