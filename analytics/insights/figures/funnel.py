"""Draw a funnel: bars with drop-offs, rates over time, times to convert. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from textwrap import wrap
from typing import Any

from analytics.insights.figures.trend import SPECIAL, value_text
from portal.lib.text import grouped, humanize

Json = dict[str, Any]
LONGEST_LABEL = 24
UPRIGHT = 4  # bars whose labels fit below them side by side in a third of a small screen
LINE = 10  # characters that stand below a narrow bar without a slant
# Hatched and pale: what was lost is the ghost of the bar before.
LOST = {"pattern": {"shape": "/", "size": 6, "solidity": 0.25}, "opacity": 0.3}
SCALES = ((172_800, 86_400, "d"), (7_200, 3_600, "h"), (120, 60, "min"))


def bars(answer: Json) -> Json:
    """Return the funnel of an answer; with a breakdown the rates of its values side by side."""
    if "breakdown" in answer:
        return _by_value(answer)
    steps, earlier = answer["steps"], answer.get("compare", {}).get("steps")
    names = [_name(step) for step in steps]
    hover = [_said(step) for step in steps]
    data: list[Json] = []
    if earlier:
        data.append(_before(earlier, names))
    data += [
        {
            "type": "bar", "name": "Reached", "x": names, "y": [step["users"] for step in steps],
            "offsetgroup": "now", "customdata": hover, "hovertemplate": "%{customdata}<extra></extra>",
            "showlegend": False,
            "meta": {"state": "accent", "cells": [_cell(step, "reached") for step in steps]},
        },
        {
            "type": "bar", "name": "Dropped", "x": names[1:], "y": [step["dropped"] for step in steps[1:]],
            "offsetgroup": "now", "marker": LOST, "showlegend": False,
            "customdata": [f"{grouped(step['dropped'])} dropped" for step in steps[1:]],
            "hovertemplate": "%{customdata}<extra></extra>",
            "meta": {
                "state": "accent", "cells": [_cell(step, "dropped") for step in steps[1:]],
            },
        },
    ]  # fmt: skip
    layout = _layout(names, "") | {"barmode": "stack"}
    return {"data": data, "layout": layout}


def _name(step: Json) -> str:
    """Return a bar's label: number, name and what is left; plotly reads HTML, so it is escaped."""
    text = step["label"]
    short = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    lines = wrap(f"{step['step']}. {short}", LINE, break_long_words=False)
    return "<br>".join([*map(escape, lines), humanize(step["conversion_rate"], "ratio")])


def _said(step: Json) -> str:
    lines = [f"<b>{escape(step['label'])}</b>", f"{grouped(step['users'])} people"]
    if step["step"] > 1:
        lines += [
            f"{humanize(step['conversion_rate'], 'ratio')} of step 1",
            f"{humanize(step['from_previous'], 'ratio')} of the step before",
            f"half of them within {humanize(step['median_seconds'], 's')}",
        ]
    return "<br>".join(lines)


def _cell(step: Json, outcome: str) -> Json:
    words = "took step" if outcome == "reached" else "dropped before step"
    title = f"People who {words} {step['step']}, {step['label']}"
    return {"step": step["step"], "outcome": outcome, "title": title}


def _before(steps: Sequence[Json], names: list[str]) -> Json:
    return {
        "type": "bar", "name": "Reached, period before", "x": names[: len(steps)],
        "y": [step["users"] for step in steps], "offsetgroup": "before", "showlegend": False,
        "customdata": [f"{_said(step)}<br>in the period before" for step in steps],
        "hovertemplate": "%{customdata}<extra></extra>",
        "meta": {"role": "compare", "state": "accent"},
    }  # fmt: skip


def _by_value(answer: Json) -> Json:
    names = [_name(step) for step in answer["steps"]]
    data = []
    for group in answer["breakdown"]:
        text = value_text(group["value"])
        key = {"series": group["value"]} if group["value"] in SPECIAL else {}
        data.append(
            {
                "type": "bar", "name": text, "x": names,
                "y": [step["conversion_rate"] for step in group["steps"]],
                "customdata": [_short(step) for step in group["steps"]],
                "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>", "meta": key,
            }
        )  # fmt: skip
    return {"data": data, "layout": _layout(names, "ratio") | {"barmode": "group"}}


def _short(step: Json) -> str:
    return f"{humanize(step['conversion_rate'], 'ratio')}, {grouped(step['users'])} people"


def _layout(names: list[str], unit: str) -> Json:
    axis: Json = {"type": "category", "categoryorder": "array", "categoryarray": names}
    if len(names) <= UPRIGHT and all(
        len(line) <= LINE for one in names for line in one.split("<br>")
    ):
        axis["tickangle"] = 0  # plotly would turn them in a narrow box, where they just fit
    return {
        "meta": {"unit": unit},
        "xaxis": axis,
        "yaxis": {"rangemode": "tozero"},
        "bargap": 0.35,
        "hovermode": "closest",
    }


def times(histogram: Sequence[Json]) -> Json:
    """Return the histogram of the times from the first step to the last."""
    longest = histogram[-1]["to_seconds"] if histogram else 0
    size, unit = next(((by, word) for least, by, word in SCALES if longest >= least), (1, "s"))
    bins = [(one["from_seconds"], one["to_seconds"], one["users"]) for one in histogram]
    return {
        "data": [
            {
                "type": "bar", "name": "People", "showlegend": False,
                "x": [(low + high) / 2 / size for low, high, _ in bins],
                "y": [users for _, _, users in bins],
                "width": [(high - low) / size for low, high, _ in bins],
                "customdata": list(_spans(bins)),
                "hovertemplate": "%{customdata}<extra></extra>",
                "meta": {"state": "accent"},
            }
        ],
        "layout": {
            "meta": {"unit": ""}, "xaxis": {"ticksuffix": f" {unit}", "rangemode": "tozero"},
            "yaxis": {"rangemode": "tozero"}, "bargap": 0.06, "hovermode": "closest",
        },
    }  # fmt: skip


def _spans(bins: Sequence[tuple[float, float, int]]) -> Iterator[str]:
    for low, high, users in bins:
        yield f"{humanize(low, 's')} to {humanize(high, 's')}: {grouped(users)} people"


def rates(points: Sequence[Json], label: str, *, before: bool = False) -> Json:
    """Return a trend's points as a series of the trend figure."""
    return {
        "label": label,
        "points": [
            {"t": one["t"], "value": one["conversion_rate"], "complete": one["complete"]}
            for one in points
        ],
    } | ({"compare": True} if before else {})
