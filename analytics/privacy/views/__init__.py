"""The pages of privacy, under Settings."""
