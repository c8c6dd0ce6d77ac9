"""Compiled passes over rows that the engine answered, for what SQL cannot say in linear time.

They know nothing of Django, of SQL and of each other's questions: arrays in, arrays out. numba
compiles them at their first use and keeps the machine code (NUMBA_CACHE_DIR); until then it is not
even loaded (portal/lib/compiling.py).
"""

from __future__ import annotations
