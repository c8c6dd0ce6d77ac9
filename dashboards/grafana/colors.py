"""Grafana's colors as the portal's, and back. Pure.

A threshold's red is the portal's word for what is critical, a series' red a color of its palette: both
look right in light and dark. Shades and free colors are written as #rrggbb.
"""

from __future__ import annotations

import re

STATES = {
    "green": "success", "yellow": "warning", "orange": "warning", "red": "critical", "blue": "info",
    "purple": "accent",
}  # fmt: skip
SERIES = {
    "green": "green", "yellow": "amber", "orange": "orange", "red": "red", "blue": "sky", "purple": "violet",
}  # fmt: skip
PLAIN = {
    "text": "neutral", "transparent": "neutral", "white": "#ffffff", "black": "#000000", "gray": "neutral",
    "grey": "neutral", "semi-dark-gray": "neutral", "panel-bg": "neutral",
}  # fmt: skip
# Lightest to darkest.
SHADES = {
    "red": ("#ffa6b0", "#ff7383", "#f2495c", "#e02f44", "#c4162a"),
    "orange": ("#ffcb7d", "#ffb357", "#ff9830", "#ff780a", "#fa6400"),
    "yellow": ("#fff899", "#ffee52", "#fade2a", "#f2cc0c", "#e0b400"),
    "green": ("#c8f2c2", "#96d98d", "#73bf69", "#56a64b", "#37872d"),
    "blue": ("#c0d8ff", "#8ab8ff", "#5794f2", "#3274d9", "#1f60c4"),
    "purple": ("#deb6f2", "#ca95e5", "#b877d9", "#a352cc", "#8f3bb8"),
}  # fmt: skip
PREFIXES = ("super-light-", "light-", "", "semi-dark-", "dark-")
BACK = {
    "success": "green", "warning": "orange", "critical": "red", "info": "blue", "accent": "purple", "neutral": "text",
    "indigo": "dark-purple", "orange": "orange", "green": "green", "plum": "purple", "sky": "blue", "amber": "yellow",
    "red": "red", "violet": "purple", "other": "text",
}  # fmt: skip
HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})(?:[0-9a-f]{2})?")
RGB = re.compile(r"rgba?\(\s*(\d{1,3})\s*,\s*(\d{1,3})\s*,\s*(\d{1,3})\s*(?:,\s*([\d.]+)\s*)?\)")


def state_color(color: object) -> str:
    """Return a threshold's or a mapping's color; empty for what is none."""
    return _color(color, STATES, keeps_shades=False)


def series_color(color: object) -> str:
    """Return the color of a series; empty for what is none."""
    return _color(color, SERIES, keeps_shades=True)


def _color(color: object, words: dict[str, str], *, keeps_shades: bool) -> str:
    if not isinstance(color, str):
        return ""
    text = color.strip().lower()
    if text in PLAIN:
        return PLAIN[text]
    for index, prefix in enumerate(PREFIXES):
        plain = text.removeprefix(prefix)
        if plain in words and (text.startswith(prefix) and (prefix or plain == text)):
            return SHADES[plain][index] if prefix and keeps_shades else words[plain]
    return hex_of(text)


def hex_of(text: str) -> str:
    """Return a free color as #rrggbb; empty for what is none. How much shines through is left out."""
    if (found := HEX.fullmatch(text)) is not None:
        return f"#{found[1]}"
    if (found := RGB.fullmatch(text)) is not None:
        return "#" + "".join(f"{min(int(part), 255):02x}" for part in found.groups()[:3])
    return ""


def name_of(color: str) -> str:
    """Return what Grafana calls a color of the portal's."""
    return BACK.get(color, color)
