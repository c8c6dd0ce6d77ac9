"""Markdown: headings, lists, links, emphasis, tables and code; never raw HTML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.safestring import mark_safe
from markdown_it import MarkdownIt

from dashboards.options import Option
from dashboards.widgets import Drawing, widgets
from portal.store.frame import Frame

# With html off every tag in the text is escaped, and links to javascript: are not made.
markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


class Text:
    kind = "text"
    label = "Text"
    options: tuple[Option, ...] = ()

    def draw(self, frame: Frame, options: Mapping[str, Any]) -> Drawing:
        text = str(frame.extra.get("text", ""))
        html = mark_safe(markdown.render(text))  # noqa: S308  # see `markdown`
        return Drawing(
            template="dashboards/widgets/text.html",
            context={"html": html},
            plain=text,
            is_empty=not text.strip(),
        )


widgets.add(Text())
