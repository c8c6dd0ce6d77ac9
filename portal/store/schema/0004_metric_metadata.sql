-- What metrics are, as those who send them say: a metric has a row for each saying. Told again every
-- hour, so that one that nobody says any more can be told.
CREATE TABLE IF NOT EXISTS metric_metadata $on_cluster
(
    name String,
    type LowCardinality(String),
    unit LowCardinality(String),
    help String,
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = ${replicated}AggregatingMergeTree
ORDER BY (name, type, unit, help);
