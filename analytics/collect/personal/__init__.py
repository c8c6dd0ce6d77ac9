"""What collecting holds of persons, for export and erasure."""
