"""Series on each other, or as shares of the whole. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def stacked(style: Mapping[str, Any], options: Mapping[str, Any], usual: str) -> dict[str, Any]:
    """Return a trace's style with the stack that the options ask for."""
    how = how_of(options, usual)
    if how == "none":
        return dict(style)
    share = {"groupnorm": "percent"} if how == "percent" else {}
    return {**style, "stackgroup": "all", **share}


def how_of(options: Mapping[str, Any], usual: str) -> str:
    """Return none, normal or percent."""
    asked = options.get("stack_all")
    if asked:
        return str(asked)
    return "normal" if options.get("stacked") else usual


def bar_mode(options: Mapping[str, Any], usual: str = "none") -> dict[str, Any]:
    """Return what a layout of bars says of their stack."""
    how = how_of(options, usual)
    if how == "none":
        return {"barmode": "group"}
    # "relative" puts what is below zero under the axis.
    return {"barmode": "relative", **({"barnorm": "percent"} if how == "percent" else {})}
