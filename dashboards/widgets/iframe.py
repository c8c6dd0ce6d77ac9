from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.options import Option
from dashboards.outside import allowed
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Iframe:
    """A page of an allowed host; the widget's query is its address. It cannot reach this page."""

    kind = "iframe"
    label = "Page of another host"
    options = (
        Option("page_title", "What it shows", help="For who cannot see it."),
        Option("scripts", "Its scripts may run", "flag"),
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        text = str(frame.extra.get("text", ""))
        if not text.strip():
            return Drawing(is_empty=True)
        # Never allow-same-origin: a page of this very host would then be this page.
        sandbox = "allow-scripts allow-popups" if options.get("scripts") else ""
        url = allowed(text)
        context = {"url": url, "title": options.get("page_title") or url, "sandbox": sandbox}
        return Drawing(template="dashboards/widgets/iframe.html", context=context, plain=url)


widgets.add(Iframe())
