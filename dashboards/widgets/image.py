from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboards.options import Option
from dashboards.outside import allowed
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame


class Image:
    """A picture of an allowed host; the widget's query is its address."""

    kind = "image"
    label = "Picture"
    options = (
        Option("alt", "What it shows", help="For who cannot see it."),
        Option("fit", "Fits by", "choice", (("contain", "Showing all of it"), ("cover", "Filling the box"))),
    )  # fmt: skip

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        text = str(frame.extra.get("text", ""))
        if not text.strip():
            return Drawing(is_empty=True)
        context = {
            "url": allowed(text),
            "alt": options.get("alt") or "",
            "is_cover": options.get("fit") == "cover",
        }
        return Drawing(
            template="dashboards/widgets/image.html", context=context, plain=text.strip()
        )


widgets.add(Image())
