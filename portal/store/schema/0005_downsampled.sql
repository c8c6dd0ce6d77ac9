-- When a sample came, to the minute: so the job that downsamples finds those that came late
-- (analytics.series.downsampling). A run of equal values costs next to nothing on disk.
ALTER TABLE samples $on_cluster ADD COLUMN IF NOT EXISTS
    written_at DateTime('UTC') DEFAULT toStartOfMinute(now('UTC')) CODEC(DoubleDelta, ZSTD(1));

ALTER TABLE samples $on_cluster ADD INDEX IF NOT EXISTS written_at written_at TYPE minmax GRANULARITY 16;

ALTER TABLE samples $on_cluster MATERIALIZE COLUMN written_at;

-- How long samples are kept is decided by rules (analytics.privacy.retention), which drop whole
-- partitions. This is only the end of all.
ALTER TABLE samples $on_cluster MODIFY TTL toDateTime(ts) + INTERVAL 2 YEAR;

-- What the samples of one series in one bucket come to. `ts` is the bucket's end: it holds what
-- came after the end before and up to this one, as PromQL's windows do, so that a window of whole
-- buckets is the union of them. `first_ms` and `last_ms` say how long before `ts` its first and
-- last sample were. `increase` is what a counter gained within the bucket, resets counted in,
-- `ended_ms` how long before `ts` the series was marked stale after its last sample (-1: it was
-- not). Stale markers are no samples. (series, ts) is unique, the row read latest wins (`read_at`).
CREATE TABLE IF NOT EXISTS samples_5m $on_cluster
(
    series UInt64 CODEC(ZSTD(1)),
    ts DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    count UInt32 CODEC(T64, ZSTD(1)),
    min Float64 CODEC(Delta, ZSTD(1)),
    max Float64 CODEC(Delta, ZSTD(1)),
    sum Float64 CODEC(Delta, ZSTD(1)),
    first Float64 CODEC(Delta, ZSTD(1)),
    last Float64 CODEC(Delta, ZSTD(1)),
    increase Float64 CODEC(ZSTD(1)),
    resets UInt32 CODEC(T64, ZSTD(1)),
    changes UInt32 CODEC(T64, ZSTD(1)),
    first_ms UInt32 CODEC(T64, ZSTD(1)),
    last_ms UInt32 CODEC(T64, ZSTD(1)),
    ended_ms Int32 CODEC(T64, ZSTD(1)),
    read_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(read_at)
PARTITION BY toYYYYMMDD(ts - INTERVAL 1 SECOND)
ORDER BY (series, ts);

CREATE TABLE IF NOT EXISTS samples_1h $on_cluster
(
    series UInt64 CODEC(ZSTD(1)),
    ts DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    count UInt32 CODEC(T64, ZSTD(1)),
    min Float64 CODEC(Delta, ZSTD(1)),
    max Float64 CODEC(Delta, ZSTD(1)),
    sum Float64 CODEC(Delta, ZSTD(1)),
    first Float64 CODEC(Delta, ZSTD(1)),
    last Float64 CODEC(Delta, ZSTD(1)),
    increase Float64 CODEC(ZSTD(1)),
    resets UInt32 CODEC(T64, ZSTD(1)),
    changes UInt32 CODEC(T64, ZSTD(1)),
    first_ms UInt32 CODEC(T64, ZSTD(1)),
    last_ms UInt32 CODEC(T64, ZSTD(1)),
    ended_ms Int32 CODEC(T64, ZSTD(1)),
    read_at DateTime64(3, 'UTC') CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ${replicated}ReplacingMergeTree(read_at)
PARTITION BY toYYYYMM(ts - INTERVAL 1 SECOND)
ORDER BY (series, ts);
