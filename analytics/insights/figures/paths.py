"""Draw paths as flows between steps. Pure.

What is drawn is the largest links, and for each place they touch who stopped there; the table has
all of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from analytics.insights.figures.cells import cell_text
from analytics.insights.figures.trend import value_text
from portal.lib.text import grouped, humanize

Json = dict[str, Any]
Place = tuple[int, str]  # a step, and what was done there as JSON: 5 and "5" are two
DEFAULT_DRAWN = 40
END = "$end"
GRAY = (END, "$none")
LONGEST_LABEL = 22
PAD, MOST_PADS = 0.056, 0.4  # between nodes, and all of these together, as shares of the height
EDGE = 1e-3  # plotly takes 0 for "no position"


@dataclass(frozen=True)
class Flow:
    """People who went from one place to the next; `after` is END for those who stopped."""

    source: Place
    target: Place
    users: int
    said: str
    cell: Json


def place_of(node: Json) -> Place:
    return node["step"], cell_text(node["name"])


def largest(links: Sequence[Json], most: int) -> list[Json]:
    """Return the links that are drawn."""
    return sorted(links, key=lambda one: -one["users"])[:most]


def figure(answer: Json, most: int) -> Json:
    """Return the flows of an answer, at most so many."""
    nodes = {place_of(node): node for node in answer["nodes"]}
    flows = [flow(one, nodes) for one in largest(answer["links"], most)]
    shown = {place for one in flows for place in (one.source, one.target)}
    if not flows and nodes:
        first = min(step for step, _ in nodes)
        shown = {place for place in nodes if place[0] == first}
    flows += [ended(nodes[place]) for place in sorted(shown) if nodes[place]["ended"]]
    places = ordered(flows, nodes)
    return drawn(flows, places, nodes)


def flow(link: Json, nodes: dict[Place, Json]) -> Flow:
    source, target = place_of(link["from"]), place_of(link["to"])
    before, after = named(link["from"]["name"]), named(link["to"]["name"])
    users, of = link["users"], nodes[source]["users"]
    said = [
        f"<b>{escape(before)} → {escape(after)}</b>",
        f"{grouped(users)} people, {humanize(users / of, 'ratio')} of those at {escape(before)}",
        f"half of them within {humanize(link['median_seconds'], 's')}",
    ]
    title = f"People who went from {before} to {after} at step {link['from']['step']}"
    cell = {**cell_of(link["from"]), "next_name": cell_text(link["to"]["name"]), "title": title}
    return Flow(source, target, users, "<br>".join(said), cell)


def ended(node: Json) -> Flow:
    """Return the flow of those who did nothing more."""
    name, users = named(node["name"]), node["ended"]
    said = f"{grouped(users)} people stopped after <b>{escape(name)}</b>"
    title = f"People who stopped after {name} at step {node['step']}"
    cell = {**cell_of(node), "next_name": cell_text(END), "title": title}
    return Flow(place_of(node), (node["step"] + 1, END), users, said, cell)


def cell_of(node: Json) -> Json:
    return {"step": node["step"], "name": cell_text(node["name"])}


def named(value: Any) -> str:
    return "Nothing more" if value == END else value_text(value)


def ordered(flows: Sequence[Flow], nodes: dict[Place, Json]) -> list[Place]:
    """Return the places by step, the most frequent first, ends last."""
    shown = {place for one in flows for place in (one.source, one.target)}

    def rank(place: Place) -> tuple[int, bool, int, str]:
        users = nodes[place]["users"] if place in nodes else 0
        return place[0], place[1] == END, -users, place[1]

    return sorted(shown, key=rank)


def drawn(flows: Sequence[Flow], places: list[Place], nodes: dict[Place, Json]) -> Json:
    """Return the plotly figure. Its nodes stand where they are put: by step, not by topology."""
    number = {place: at for at, place in enumerate(places)}
    names = [END if place not in nodes else nodes[place]["name"] for place in places]
    pad = pad_of(places)
    x, y = positions(flows, places, pad)
    trace = {
        "type": "sankey",
        "arrangement": "fixed",
        "node": {
            "label": [label(place, name, nodes) for place, name in zip(places, names, strict=True)],
            "x": x, "y": y, "align": "left",
            "customdata": [said(p, flows, nodes) for p in places],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
        "link": {
            "source": [number[one.source] for one in flows],
            "target": [number[one.target] for one in flows],
            "value": [one.users for one in flows],
            "customdata": [one.said for one in flows],
            "hovertemplate": "%{customdata}<extra></extra>",
        },
        "meta": {
            "names": [name if name in GRAY else value_text(name) for name in names],
            "node_cells": [node_cell(place, nodes) for place in places],
            "link_cells": [one.cell for one in flows],
            "pad": pad,
        },
    }  # fmt: skip
    return {"data": [trace], "layout": {"hovermode": "closest", "margin": {"t": 8, "l": 8, "r": 8}}}


def label(place: Place, name: Any, nodes: dict[Place, Json]) -> str:
    """Return a short name with its people; plotly reads HTML, so it is escaped."""
    text = named(name)
    short = text if len(text) <= LONGEST_LABEL else f"{text[: LONGEST_LABEL - 1]}…"
    return f"{escape(short)} {humanize(nodes[place]['users'])}" if place in nodes else escape(short)


def said(place: Place, flows: Sequence[Flow], nodes: dict[Place, Json]) -> str:
    if place not in nodes:
        stopped = sum(one.users for one in flows if one.target == place)
        return f"<b>Nothing more</b> after step {place[0] - 1}<br>{grouped(stopped)} people at most"
    node = nodes[place]
    lines = [
        f"<b>{escape(named(node['name']))}</b> at step {node['step']}",
        f"{grouped(node['users'])} people",
    ]
    lines += [f"{grouped(node['ended'])} stopped here"] if node["ended"] else []
    return "<br>".join(lines)


def node_cell(place: Place, nodes: dict[Place, Json]) -> Json | None:
    """Say whose people a node opens; those who stopped are behind their links."""
    if place not in nodes:
        return None
    node = nodes[place]
    return {**cell_of(node), "title": title_of(node)}


def title_of(node: Json) -> str:
    return f"People who did {named(node['name'])} at step {node['step']}"


def positions(
    flows: Sequence[Flow], places: Sequence[Place], pad: float
) -> tuple[list[float], list[float]]:
    """Return the middles of the nodes: each step a column, its nodes below one another.

    plotly makes a node as high as its people; how high one person is, `unit` finds as plotly does.
    """
    size = {place: float(height(place, flows)) for place in places}
    one = unit(flows, size, pad)
    columns = sorted({step for step, _ in places})
    x, y = {}, {}
    for at, step in enumerate(columns):
        column = [place for place in places if place[0] == step]
        top = 0.0
        for place in column:
            share = size[place] * one
            x[place] = inside(at / max(1, len(columns) - 1))
            y[place] = inside(top + share / 2)
            top += share + pad
    return [x[place] for place in places], [y[place] for place in places]


def unit(flows: Sequence[Flow], size: Mapping[Place, float], pad: float) -> float:
    """Return the height of one person as a share of the whole: the fullest level fits.

    A level is what plotly takes for a column: as many links from where nothing comes in.
    """
    level = dict.fromkeys(size, 0)
    for one in sorted(flows, key=lambda one: one.source):
        level[one.target] = max(level[one.target], level[one.source] + 1)
    shares = []
    for number in set(level.values()):
        inside_it = [size[place] for place in size if level[place] == number]
        shares.append((1 - pad * (len(inside_it) - 1)) / (sum(inside_it) or 1))
    return min(shares, default=1.0)


def height(place: Place, flows: Sequence[Flow]) -> int:
    """Return what plotly makes a node's height of: the larger of what comes and what goes."""
    into = sum(one.users for one in flows if one.target == place)
    return max(into, sum(one.users for one in flows if one.source == place))


def pad_of(places: Sequence[Place]) -> float:
    """Return the room between two nodes, as a share of the height."""
    fullest = max((n for n in Counter(step for step, _ in places).values()), default=1)
    return min(PAD, MOST_PADS / fullest)


def inside(share: float) -> float:
    return min(1 - EDGE, max(EDGE, share))


def columns_of(figure: Json) -> int:
    """Return how many columns a figure has, for its least width."""
    return len(set(figure["data"][0]["node"]["x"]))


def rows_of(figure: Json) -> int:
    """Return the nodes of its fullest column, for its height."""
    x = figure["data"][0]["node"]["x"]
    return max((x.count(one) for one in set(x)), default=0)


def table(answer: Json) -> Iterator[Json]:
    """Return one row a link: what it is, its people, their share, those of the period before."""
    nodes = {place_of(node): node for node in answer["nodes"]}
    earlier = {
        (place_of(one["from"]), place_of(one["to"])): one["users"]
        for one in answer.get("compare", {}).get("links", ())
    }
    for one in answer["links"]:
        source, target = place_of(one["from"]), place_of(one["to"])
        made = flow(one, nodes)
        yield {
            "step": one["from"]["step"],
            "before": named(one["from"]["name"]),
            "after": named(one["to"]["name"]),
            "users": one["users"],
            "share": one["users"] / nodes[source]["users"],
            "median": one["median_seconds"],
            "earlier": earlier.get((source, target), 0),
            "cell": made.cell,
        }


def places(answer: Json) -> Iterator[Json]:
    """Return one row a place: who was there, and who did nothing more."""
    for node in answer["nodes"]:
        yield {
            "step": node["step"],
            "name": named(node["name"]),
            "users": node["users"],
            "ended": node["ended"],
            "cell": {**cell_of(node), "title": title_of(node)},
            "ended_cell": ended(node).cell,
        }
