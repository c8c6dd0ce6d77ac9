"""Holders that belong to no other app: requests, exports, logs, audit, PostgreSQL, back-ups."""
