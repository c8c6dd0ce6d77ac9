"""The metrics that every portal begins with; an admin may change or remove them. Pure.

Names and labels are those of the system that the portal replaces.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Provided:
    name: str
    type: str
    description: str
    query: str


ACTIVE_USERS = """SELECT platform, if(home.country = '', 'unknown', home.country) AS region,
    uniqExact(seen.person) AS value
FROM (
    SELECT platform, person FROM events
    WHERE day >= toDate32({from:DateTime64(6)}) AND ts >= {from:DateTime64(6)}
        AND ts < {to:DateTime64(6)} AND person != 0
    GROUP BY platform, person
) AS seen
LEFT JOIN (SELECT person, string AS country FROM people WHERE property = 'country') AS home
    ON seen.person = home.person
GROUP BY platform, region
ORDER BY value DESC
LIMIT 1000"""
REVENUE = """SELECT platform, strings['currency'] AS currency,
    strings['payment_method'] AS payment_method, sum(numbers['revenue']) AS value
FROM events
WHERE name = 'purchase' AND received_at >= {from:DateTime64(6)} AND received_at < {to:DateTime64(6)}
GROUP BY platform, currency, payment_method
ORDER BY value DESC
LIMIT 1000"""
# What each step of five minutes since {from} brought, the first all before it; see `past`.
REVENUE_PAST = """SELECT platform, strings['currency'] AS currency,
    strings['payment_method'] AS payment_method, sum(numbers['revenue']) AS value,
    toInt64(if(ts < {from:DateTime64(6)}, 0,
        1 + intDiv(dateDiff('second', {from:DateTime64(6)}, ts), 300))) AS step
FROM events
WHERE name = 'purchase' AND received_at < {to:DateTime64(6)}
GROUP BY platform, currency, payment_method, step
ORDER BY step
LIMIT 100000"""
CONVERSION = """SELECT platform, stage.1 AS funnel_stage, sum(stage.2) / count() AS value
FROM (
    SELECT platform, person,
        arrayJoin([('add_to_cart', max(name = 'add_to_cart')), ('purchase', max(name = 'purchase'))])
            AS stage
    FROM events
    WHERE day >= toDate32({from:DateTime64(6)}) AND ts >= {from:DateTime64(6)}
        AND ts < {to:DateTime64(6)} AND person != 0
    GROUP BY platform, person
)
GROUP BY platform, funnel_stage
ORDER BY platform, funnel_stage
LIMIT 1000"""

PROVIDED = (
    Provided(
        "active_users_total",
        "gauge",
        "Persons with an event in the last 24 hours, by platform and by the country that is known"
        " of them. Who used two platforms counts on both.",
        ACTIVE_USERS,
    ),
    Provided(
        "revenue_total",
        "counter",
        "The property revenue of all events named purchase that ever arrived, by platform, currency"
        " and payment method. increase(…[24h]) is what came in within a day.",
        REVENUE,
    ),
    Provided(
        "conversion_rate",
        "gauge",
        "Of the persons with an event on the platform in the last 24 hours, the share that put"
        " something into the cart, and that purchased. A fraction of 1.",
        CONVERSION,
    ),
)
