-- A partition of samples to which nothing was added for an hour becomes one part: reading with FINAL
-- then costs nothing, where it had doubled the time of a rate over a day.
ALTER TABLE samples $on_cluster MODIFY SETTING min_age_to_force_merge_seconds = 3600,
    min_age_to_force_merge_on_partition_only = 1;
