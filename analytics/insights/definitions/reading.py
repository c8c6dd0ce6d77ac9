"""Read a JSON object field by field: what every definition begins with."""

from __future__ import annotations

from portal.lib.reading import MAX_TEXT as MAX_TEXT
from portal.lib.reading import Reader as Reader
from portal.lib.reading import name_of as name_of
