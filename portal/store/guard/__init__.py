"""What SQL typed by people may be. Pure, but for what the engine itself must read (guarded.py).

The engine has no users of its own when it is embedded, so the portal decides before it runs a
statement. Everything is refused that is not known to be harmless: kinds of syntax, functions,
table functions and tables are lists of what may be, never of what may not.
"""

from __future__ import annotations


class Refused(Exception):
    """A statement that is not run; the message tells its author why, and what to do instead."""
