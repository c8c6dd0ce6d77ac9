"""Whether a panel is still what the portal wrote. Pure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

# What may differ: what Grafana counts itself, and what stands inside.
APART = ("portal", "panels", "version", "id", "uid")


def seal_of(value: Mapping[str, Any]) -> str:
    """Return what tells whether a panel, or a dashboard around its panels, is as it was written."""
    told = {name: one for name, one in value.items() if name not in APART}
    text = json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:24]
