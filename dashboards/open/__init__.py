"""What of dashboards is seen without an account: links, screens and embeds; and frozen snapshots."""
