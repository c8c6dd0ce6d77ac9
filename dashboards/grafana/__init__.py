"""Dashboards from Grafana and for it: `reading.read` and `writing.write`. Pure."""
