"""Questions in PromQL, and Prometheus's own HTTP API."""
