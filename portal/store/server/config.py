"""The engine's configuration: small pools and caches, bounded memory."""

from __future__ import annotations

import os
from pathlib import Path

# Merges and mutations must run beside each other; the two thresholds have to fit a pool of two.
# With the default pauses of up to a second whenever that pool is full, rewriting a column took 0.14 s
# a part, hardly any of it work: 46 parts took 6.4 s, and 0.5 s with these. Idle, pauses grow as ever.
TEMPLATE = """<clickhouse>
    <max_server_memory_usage>{memory_bytes}</max_server_memory_usage>
    <background_pool_size>2</background_pool_size>
    <background_schedule_pool_size>2</background_schedule_pool_size>
    <background_processing_pool_task_sleep_seconds_when_no_work_random_part>0.02</background_processing_pool_task_sleep_seconds_when_no_work_random_part>
    <background_processing_pool_thread_sleep_seconds_if_nothing_to_do>0.02</background_processing_pool_thread_sleep_seconds_if_nothing_to_do>
    <max_thread_pool_size>256</max_thread_pool_size>
    <max_thread_pool_free_size>8</max_thread_pool_free_size>
    <mark_cache_size>67108864</mark_cache_size>
    <index_mark_cache_size>16777216</index_mark_cache_size>
    <merge_tree>
        <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
        <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
        <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    </merge_tree>
</clickhouse>
"""
FILE_NAME = "portal-engine.xml"


def write_config(path: Path, memory_bytes: int) -> str:
    """Write the configuration into the engine's directory; returns chDB's connection string."""
    file = path / FILE_NAME
    file.write_text(TEMPLATE.format(memory_bytes=memory_bytes))
    return f"{path}?config-file={file}"


def default_memory_bytes() -> int:
    """Half of the machine's memory, at most 4 GiB."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(pages // 2, 4 << 30)


def lanes(memory_bytes: int) -> dict[str, tuple[int, dict[str, str]]]:
    """Return each lane's size and its settings, which a request may override.

    A heavy statement may take more memory, and only few run at once. Rows that come in wait for
    nobody's questions, and nobody waits for SQL that people typed.
    """
    cores = len(os.sched_getaffinity(0))
    base = {"max_threads": str(cores), "max_insert_threads": "1"}
    return {
        "short": (8, base | _memory(memory_bytes // 3)),
        "insert": (4, base | _memory(memory_bytes // 3)),
        "heavy": (2, base | _memory(memory_bytes // 2)),
        "reader": (2, base | _memory(memory_bytes // 4)),
    }


def _memory(limit_bytes: int) -> dict[str, str]:
    """Spill to disk well before the limit."""
    return {
        "max_memory_usage": str(limit_bytes),
        "max_bytes_before_external_group_by": str(limit_bytes // 2),
        "max_bytes_before_external_sort": str(limit_bytes // 2),
    }
