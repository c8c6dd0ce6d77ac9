"""A shop's events, any number of them, made by the engine itself: the same ones in every run.

Visits of eight events each, by persons of whom few come often and most come rarely, over 90 days;
30 event names of which some are everyday and some rare; visits that get more or less far from the
product to the order. Nothing is random: everything is a hash of the visit's number. A person's
country and plan stay the same, so that every way to attribute a funnel answers alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

START = datetime(2026, 1, 1, tzinfo=UTC)
DAYS = 90
END = START + timedelta(days=DAYS)
STEPS = ("product_viewed", "cart_added", "checkout_started", "order_completed")
OTHERS = (
    "page_viewed", "search_made", "image_zoomed", "review_read", "filter_used", "link_clicked",
    "video_played", "form_started", "form_sent", "wishlist_added", "share_clicked", "chat_opened",
    "coupon_tried", "size_guide_opened", "store_found", "newsletter_joined", "signed_in",
    "signed_up", "signed_out", "password_reset", "profile_changed", "address_added",
    "card_added", "order_returned", "review_written", "account_closed",
)  # fmt: skip
COUNTRIES = ("US", "DE", "GB", "FR", "JP", "BR", "IN", "TH", "PL", "SE", "ZA", "NZ")
PLANS = ("free", "pro", "team")
VISIT = 8
AT_ONCE = 4_000_000
SCALE = 1000


def inserts(events: int, persons: int) -> Iterator[str]:
    """Return the statements that fill `events`, each a part of the visits."""
    for first in range(0, events, AT_ONCE):
        yield _insert(first, min(AT_ONCE, events - first), persons)


def finishing() -> list[str]:
    """Return what to run at the end: one part a month, as merges leave it sooner or later."""
    return ["OPTIMIZE TABLE events FINAL"]


def _insert(first: int, count: int, persons: int) -> str:
    return f"""
INSERT INTO events (day, name, actor, person, ts, position, id, source, user_id, anonymous_id,
    session_id, platform, version, service, environment, received_at, strings, numbers, properties)
SELECT toDate32(ts), name, who, who, ts, place, toString(reinterpretAsUUID(sipHash128(number))), 1,
    if(is_known, user, ''), if(is_known, '', concat('browser-', user)),
    concat('visit-', toString(visit)),
    platform, concat('4.', toString(intDiv(toDayOfYear(ts), 14))),
    if(platform = 'web', 'shop', 'mobile-api'), if(dice % 97 = 0, 'staging', 'production'),
    ts + toIntervalMillisecond(300 + dice % 4000),
    if(country = '', map('plan', plan, 'path', path),
        map('plan', plan, 'country', country, 'path', path)),
    if(revenue = 0, map()::Map(LowCardinality(String), Float64), map('revenue', revenue)),
    concat('{{"plan":"', plan, if(country = '', '', concat('","country":"', country)),
        '","path":"', path, if(revenue = 0, '"', concat('","revenue":', toString(revenue))), '}}')
FROM (
    SELECT number, visit, place, who, user, dice, began_at
            + toIntervalMillisecond(place * 45000 + dice % 30000) AS ts,
        multiIf(place BETWEEN 1 AND 2 AND depth >= 1, '{STEPS[0]}',
            place = 3 AND depth >= 2, '{STEPS[1]}',
            place = 4 AND depth >= 3, '{STEPS[2]}',
            place = 5 AND depth >= 4, '{STEPS[3]}',
            {_skewed(OTHERS)}[1 + dice % {SCALE}])::LowCardinality(String) AS name,
        visit_dice % 10 < 7 AS is_known,
        ['web', 'web', 'web', 'ios', 'android'][1 + visit_dice % 5]::LowCardinality(String)
            AS platform,
        {_skewed(PLANS)}[1 + who % {SCALE}]::LowCardinality(String) AS plan,
        if(who % 33 = 0, '', {_skewed(COUNTRIES)}[1 + intDiv(who, 7) % {SCALE}])
            ::LowCardinality(String) AS country,
        concat('/p/', toString(intDiv(dice, 5) % 800))::LowCardinality(String) AS path,
        if(name = '{STEPS[3]}', (500 + dice % 20000) / 100, 0) AS revenue
    FROM (
        SELECT number, visit, number % {VISIT} AS place, visit_dice,
            concat('user-', toString(rank)) AS user, sipHash64(user) AS who,
            sipHash64(number, 1) AS dice,
            multiIf(visit_dice % 100 < 8, 4, visit_dice % 100 < 14, 3, visit_dice % 100 < 25, 2,
                visit_dice % 100 < 55, 1, 0) AS depth,
            {_began_at()} AS began_at
        FROM (
            SELECT number, intDiv(number, {VISIT}) AS visit, sipHash64(visit, 2) AS visit_dice,
                toUInt64(pow(sipHash64(visit, 3) / pow(2, 64), 2) * {persons}) AS rank
            FROM numbers({first}, {count})
        )
    )
)
SETTINGS max_partitions_per_insert_block = 0, max_insert_threads = 1, max_threads = 2"""


def _began_at() -> str:
    """Spread visits evenly over the days and more densely around 15:00 UTC."""
    day = f"sipHash64(visit, 4) % {DAYS}"
    hours = "(sipHash64(visit, 5) % 43200000 + sipHash64(visit, 6) % 42600000)"
    return (
        f"toDateTime64('{START:%Y-%m-%d %H:%M:%S}', 6, 'UTC')"
        f" + toIntervalDay({day}) + toIntervalMillisecond({hours})"
    )


def _skewed(values: tuple[str, ...]) -> str:
    """Return a literal of SCALE values of which the k-th stands there in proportion to 1/k."""
    weights = [1 / (place + 1) for place in range(len(values))]
    counts = [max(1, int(SCALE * weight / sum(weights))) for weight in weights]
    counts[0] += SCALE - sum(counts)
    spread = [value for value, count in zip(values, counts, strict=True) for _ in range(count)]
    return "[" + ", ".join(f"'{value}'" for value in spread) + "]"
