-- One row an event. `actor` is the person as known at intake and never changes: it may be a key.
-- `person` follows later merges (a mutation rewrites this one column), so it may not.
-- `client_timestamp` is what the client said where `ts` is not that; `flags` say why: its clock was
-- wrong (shifted), or the time lay more than a day ahead (future).
-- The spool forgets what was inserted, so that is fsynced: it costs 10 % at 50,000 rows a batch.
CREATE TABLE IF NOT EXISTS events $on_cluster
(
    day Date32,
    name LowCardinality(String),
    actor UInt64,
    person UInt64 CODEC(LZ4),
    ts DateTime64(6, 'UTC') CODEC(LZ4),
    position UInt32 CODEC(T64, LZ4),
    id String CODEC(ZSTD(1)),
    source UInt32,
    user_id String CODEC(ZSTD(1)),
    anonymous_id String CODEC(ZSTD(1)),
    session_id String CODEC(ZSTD(1)),
    platform LowCardinality(String),
    version LowCardinality(String),
    service LowCardinality(String),
    environment LowCardinality(String),
    received_at DateTime64(6, 'UTC') CODEC(Delta, LZ4),
    client_timestamp String CODEC(ZSTD(1)),
    flags Array(LowCardinality(String)),
    strings Map(LowCardinality(String), String) CODEC(ZSTD(1)),
    numbers Map(LowCardinality(String), Float64) CODEC(ZSTD(1)),
    booleans Map(LowCardinality(String), Bool) CODEC(ZSTD(1)),
    properties String CODEC(ZSTD(1))
)
ENGINE = ${replicated}MergeTree
PARTITION BY if(day < toDate32('2000-01-01'), 0, toYYYYMM(day))
ORDER BY (name, day, actor, ts)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1, min_compressed_bytes_to_fsync_after_merge = 1;

-- Which event ids were taken on which identity day: a batch looks up only the days it touches.
CREATE TABLE IF NOT EXISTS event_ids $on_cluster
(
    day Date32,
    id UInt128
)
ENGINE = ${replicated}MergeTree
PARTITION BY if(day < toDate32('2000-01-01'), 0, toYYYYMM(day))
ORDER BY (day, id)
SETTINGS non_replicated_deduplication_window = 1000, fsync_after_insert = 1,
    fsync_part_directory = 1, min_compressed_bytes_to_fsync_after_merge = 1;

CREATE TABLE IF NOT EXISTS person_overrides $on_cluster
(
    loser UInt64,
    winner UInt64,
    version UInt64,
    is_deleted UInt8
)
ENGINE = ${replicated}ReplacingMergeTree(version, is_deleted)
ORDER BY loser;

-- `type` says which column holds the value: string, number, boolean, json (in `string`), or null:
-- not set. The latest value by event time wins, whatever the order of arrival.
CREATE TABLE IF NOT EXISTS person_properties $on_cluster
(
    person UInt64,
    key LowCardinality(String),
    type LowCardinality(String),
    string String,
    number Float64,
    boolean Bool,
    ts DateTime64(6, 'UTC')
)
ENGINE = ${replicated}ReplacingMergeTree(ts)
ORDER BY (person, key);
