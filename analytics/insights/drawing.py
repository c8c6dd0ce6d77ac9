"""Draw any insight's answer as its page does: the figure of each kind. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from analytics.insights.figures import activity, funnel, paths, retention, sessions
from analytics.insights.figures.cells import cell_text
from analytics.insights.figures.trend import figure as trend_figure
from analytics.insights.pictures import picture
from portal.store.frame import Frame

Json = dict[str, Any]
View = Mapping[str, Any]


def drawn(kind: str, frame: Frame, view: View) -> Json | None:
    """Return the figure without colors; None where there is nothing to draw."""
    draw = DRAWN.get(kind)
    return draw(frame.extra, view) if draw else picture(frame)


def draw_trend(answer: Json, view: View) -> Json:
    return trend_figure(answer["series"], chart=str(view.get("chart") or "line"))


def draw_funnel(answer: Json, view: View) -> Json:
    """Draw the bars, or over time the rate, as the view says."""
    if view.get("view") == "times" and answer.get("histogram"):
        return funnel.times(answer["histogram"])
    if "trend" not in answer:
        return funnel.bars(answer)
    series = [funnel.rates(answer["trend"], "Conversion")]
    if answer.get("compare"):
        series.append(funnel.rates(answer["compare"]["trend"], "Conversion", before=True))
    return trend_figure(series, unit="ratio")


def draw_retention(answer: Json, view: View) -> Json:
    """Draw the grid of everybody, or of the breakdown's value that the view names."""
    groups = answer.get("breakdown", [])
    shown = next((one for one in groups if cell_text(one["value"]) == view.get("shown")), answer)
    return retention.grid(shown["cohorts"], answer["interval"])


def draw_paths(answer: Json, view: View) -> Json:
    drawn = view.get("drawn")
    return paths.figure(
        answer, drawn if isinstance(drawn, int) and drawn > 0 else paths.DEFAULT_DRAWN
    )


def draw_sessions(answer: Json, view: View) -> Json:
    measure = view.get("measure")
    return sessions.drawn(answer, measure if measure in sessions.WORDS else "sessions")


DRAWN: dict[str, Callable[[Json, View], Json | None]] = {
    "trend": draw_trend,
    "funnel": draw_funnel,
    "retention": draw_retention,
    "lifecycle": lambda answer, _: activity.lifecycle(answer["series"], answer["interval"]),
    "paths": draw_paths,
    "sessions": draw_sessions,
    "stickiness": lambda answer, _: activity.stickiness(answer),
}
