"""What is asked, as checked values: JSON is parsed here once, and every complaint names its field."""

from __future__ import annotations
