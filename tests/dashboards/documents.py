"""Documents of dashboards as hypothesis makes them up."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st

from dashboards.document import checked
from portal.lib.field_error import FieldError

Json = dict[str, Any]

# What YAML takes for something else, or cannot write plainly, beside any text there is.
TRICKY = (
    "yes", "no", "on", "~", "null", "1e3", "0o14", "0x1F", "12:30", "2026-01-01", "<<", "=", "- a", "a: b", "# x", " a", "a ",
    "a\n", "\na", "a\n\nb\n\n", "  a\nb", "a\n  b", "a \nb", "\t", "a\tb\nc", "\u2028", "\x85", "\r\n", "a\r\nb", "%", "@", "`",
    "{{x}}", "[a", "'", '"', "|", ">", "?", "!", "&a", "*a", "1_000", ".5", "+1", "-", "--- ", "...", "\ufeff", "Größe 😀",
)  # fmt: skip
text = st.one_of(
    st.sampled_from(TRICKY),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.lists(
        st.sampled_from(["sum(rate(x[5m]))", "  by (a)", "", "or", "x:y", "# why"]), max_size=5
    ).map("\n".join),
)
numbers = st.one_of(
    st.integers(-(2**53), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0, 1e-7, 1e21, -0.5]),
)
plain = st.one_of(st.none(), st.booleans(), numbers, text)
values = st.recursive(
    plain,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
slugs = st.text("abcdefghij0123456789-_", min_size=1, max_size=12)
insights = st.dictionaries(text, values, max_size=3).map(json.dumps)


@st.composite
def widgets(draw: st.DrawFn) -> Json:
    w = draw(st.integers(1, 24))
    position = {
        "x": draw(st.integers(0, 24 - w)),
        "y": draw(st.integers(0, 60)),
        "w": w,
        "h": draw(st.integers(1, 20)),
    }
    source = draw(st.sampled_from(["promql", "insight", "sql", "dataset", "text"]))
    return {
        "id": draw(slugs), "title": draw(text), "description": draw(text), "source": source,
        "query": draw(insights | text) if source == "insight" else draw(text),
        "refresh_interval": draw(st.sampled_from([1_000, 30_000, 60_000])),
        "position": position,
        "config": draw(st.dictionaries(text, values, max_size=3)) | {"kind": draw(st.sampled_from(["line", "stat", "nowhere"]))},
    }  # fmt: skip


@st.composite
def documents(draw: st.DrawFn) -> Json:
    """Return a document that was checked."""
    body = {
        "name": draw(text.filter(lambda one: bool(one.strip()))), "description": draw(text),
        "tags": draw(st.lists(text.filter(lambda one: bool(one.strip())), max_size=3)),
        "time": draw(st.sampled_from([{}, {"from": "-6h"}, {"from": "-7d", "zone": "Asia/Bangkok", "refresh": 5_000}])),
        "tabs": [{"id": one, "title": one} for one in draw(st.lists(slugs, max_size=2, unique=True))],
        "annotations": draw(st.sampled_from([[], [{"kind": "notes", "shown": False}, {"kind": "deploys"}]])),
        "links": draw(st.sampled_from([[], [{"title": "1", "url": "/x?a=1#b"}]])),
        "variables": draw(st.lists(st.sampled_from(VARIABLES), max_size=3, unique_by=lambda one: one["name"])),
        "widgets": draw(st.lists(widgets(), max_size=4, unique_by=lambda one: one["id"])),
    }  # fmt: skip
    try:
        return checked(body)
    except FieldError:
        assume(False)
        raise


VARIABLES: tuple[Json, ...] = (
    {"name": "node", "kind": "query", "source": "promql", "query": "label_values(up, instance)", "sort": "name"},
    {"name": "job", "kind": "query", "source": "promql", "query": "label_values(up, job)", "multi": True, "include_all": True, "value": ["$__all"]},
    {"name": "env", "kind": "custom", "options": ["yes", "no", "null"], "value": "no", "hidden": True},
    {"name": "step", "kind": "interval", "options": ["1m", "10m"], "value": "1m"},
    {"name": "typed", "kind": "text", "value": "12:30"},
)  # fmt: skip
