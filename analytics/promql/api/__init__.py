"""Prometheus's HTTP API under /prometheus/api/v1, and the API of other Prometheus servers."""
