"""Plain-Python counts written from the definitions, to hold the engine's answers against."""
