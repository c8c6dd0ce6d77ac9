-- The spool forgets what was inserted, so that is fsynced, as events are.
ALTER TABLE samples $on_cluster MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;

ALTER TABLE series $on_cluster MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1,
    min_compressed_bytes_to_fsync_after_merge = 1;
