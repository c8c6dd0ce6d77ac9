"""Is what the portal needs there, and how quickly does it answer? Asked every 30 seconds."""
