"""What the API of insights takes and gives: one module a subject."""
