"""How passwords are kept."""

from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class FrugalArgon2Hasher(Argon2PasswordHasher):
    """Argon2id with OWASP's first set of parameters (46 MiB, one pass, one thread).

    Django's own defaults take 100 MiB a login, which ten people logging in at once would turn
    into a gigabyte of the web process.
    """

    memory_cost = 47_104
    time_cost = 1
    parallelism = 1
