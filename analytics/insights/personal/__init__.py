"""What insights hold of persons: lists of cohorts, definitions that name somebody, kept rows."""
