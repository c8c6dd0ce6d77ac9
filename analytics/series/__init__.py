"""Series and their samples: identity, writing, reading, retention, cardinality."""
