-- One row a series: a metric's name with one set of labels. `id` is the hash of both
-- (analytics.series.identity); announced again every hour, so `last_at` is that coarse.
CREATE TABLE IF NOT EXISTS series $on_cluster
(
    id UInt64,
    name LowCardinality(String),
    labels SimpleAggregateFunction(anyLast, Map(String, String)),
    first_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = ${replicated}AggregatingMergeTree
ORDER BY (name, id)
SETTINGS non_replicated_deduplication_window = 1000;

-- (series, ts) is unique, the later write wins: read with FINAL. Timestamps are snapped to the
-- collection's schedule, which saves a byte a sample. Small partitions keep a look at the last
-- hour from reading a day of every series.
CREATE TABLE IF NOT EXISTS samples $on_cluster
(
    series UInt64 CODEC(ZSTD(1)),
    ts DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1)),
    value Float64 CODEC(Delta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree
PARTITION BY toStartOfInterval(ts, INTERVAL 3 HOUR)
ORDER BY (series, ts)
TTL toDateTime(ts) + INTERVAL 30 DAY
SETTINGS non_replicated_deduplication_window = 1000, ttl_only_drop_parts = 1;
