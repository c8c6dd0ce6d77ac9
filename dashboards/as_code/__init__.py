"""Dashboards as text, for files under version control: stable, readable, made for diffs. Pure."""
