"""Which series a sample of a page belongs to. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analytics.collect.scraping.reading import Resolve
from analytics.collect.scraping.relabeling import Rule, apply
from analytics.series.identity import Series

NAME = "__name__"
EXPORTED = "exported_"


def resolver(own: Mapping[str, str], rules: Sequence[Rule], *, honors_labels: bool) -> Resolve:
    """Return what says which series a sample belongs to, on pages of a target with labels `own`."""

    def resolve(name: str, labels: Mapping[str, str]) -> Series | None:
        merged = honored(labels, own) if honors_labels else exported(labels, own)
        if not rules:
            return Series.of(name, merged)
        found = apply(rules, {**merged, NAME: name})
        if found is None or NAME not in found:
            return None
        return Series.of(found.pop(NAME), found)

    return resolve


def honored(labels: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Let the page's labels win; an empty one there means none."""
    return {**own, **labels}


def exported(labels: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Let the target's labels win; the page's own ones are then called `exported_…`."""
    found = {name: value for name, value in labels.items() if name not in own} | dict(own)
    for name in own:
        if labels.get(name):
            other = EXPORTED + name
            while found.get(other):
                other = EXPORTED + other
            found[other] = labels[name]
    return found
