"""What is asked of the engine about series. Pure."""
