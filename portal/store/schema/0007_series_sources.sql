-- Who sends a series (analytics.series.limits says how sources are called), and when it was heard of
-- by this portal's clock, not by its samples' times: how many a source has now, and how many are new.
-- As often as it is announced, so `heard_last` is an hour coarse.
ALTER TABLE series $on_cluster ADD COLUMN IF NOT EXISTS
    source SimpleAggregateFunction(anyLast, LowCardinality(String));

ALTER TABLE series $on_cluster ADD COLUMN IF NOT EXISTS
    heard_first SimpleAggregateFunction(min, DateTime('UTC')) DEFAULT now('UTC');

ALTER TABLE series $on_cluster ADD COLUMN IF NOT EXISTS
    heard_last SimpleAggregateFunction(max, DateTime('UTC')) DEFAULT now('UTC');

ALTER TABLE series $on_cluster MATERIALIZE COLUMN heard_first;

ALTER TABLE series $on_cluster MATERIALIZE COLUMN heard_last;
