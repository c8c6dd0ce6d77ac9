"""What the store keeps beside its tables: answers in the cache, and old parts on the disk."""
