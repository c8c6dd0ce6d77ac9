"""Bodies of Prometheus's remote write, taken apart."""
