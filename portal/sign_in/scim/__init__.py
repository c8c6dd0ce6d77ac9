"""SCIM 2.0: a provider makes and ends accounts by itself (RFC 7643, 7644)."""
