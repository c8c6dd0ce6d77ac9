"""Scrape targets: where pages of metrics are, when they are fetched, and what is kept of them."""
