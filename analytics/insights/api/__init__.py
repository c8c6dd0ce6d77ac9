"""The API of insights: one module a subject."""
