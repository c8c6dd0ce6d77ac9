"""What the way in counts about itself."""

from __future__ import annotations

from portal.lib import instruments

requests = instruments.counter(
    "ingest_requests_total", "Requests of clients by protocol and answer", ("protocol", "status")
)
accepted_events = instruments.counter(
    "ingest_events_accepted_total", "Events that are durable and new as far as the door knows",
    ("source",),
)  # fmt: skip
duplicate_events = instruments.counter(
    "ingest_events_duplicate_total", "Events that were sent again, as the door saw it", ("source",)
)
rejected_events = instruments.counter(
    "ingest_events_rejected_total", "Events that could not be taken", ("source",)
)
accepted_samples = instruments.counter(
    "ingest_samples_accepted_total", "Samples of metrics that are durable", ("source",)
)
refused_samples = instruments.counter(
    "ingest_samples_refused_total", "Samples of metrics that could not be taken", ("source",)
)
written_samples = instruments.counter(
    "ingest_writer_samples_written_total", "Samples of metrics that the engine confirmed"
)
spool_batches = instruments.gauge("ingest_spool_batches", "Batches that wait for the writer")
spool_bytes = instruments.gauge("ingest_spool_bytes", "Size of what waits for the writer")
writer_lag = instruments.gauge(
    "ingest_writer_lag_seconds", "Age of the oldest batch that the engine has not confirmed"
)
writer_batch = instruments.histogram(
    "ingest_writer_batch_seconds", "Duration of one round of the writer that had work to do"
)
written_events = instruments.counter(
    "ingest_writer_events_written_total", "Events that the engine confirmed"
)
dropped_events = instruments.counter(
    "ingest_writer_events_duplicate_total", "Events that the writer knew already"
)
quarantined_events = instruments.counter(
    "ingest_writer_events_quarantined_total", "Events that the engine refused"
)
writer_failures = instruments.counter(
    "ingest_writer_failures_total", "Rounds of the writer that failed, by cause", ("cause",)
)
merges = instruments.counter("ingest_person_merges_total", "Persons that became another person")
pending_overrides = instruments.gauge(
    "ingest_person_overrides", "Merged persons whose stored events are not rewritten yet"
)
