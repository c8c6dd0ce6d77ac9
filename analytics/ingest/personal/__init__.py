"""What the way in holds of persons: events, ids, properties, changes, quarantine, spool."""
