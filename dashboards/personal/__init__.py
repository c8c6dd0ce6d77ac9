"""What dashboards hold of persons: queries and texts that name somebody."""
