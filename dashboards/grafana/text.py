"""HTML of a text panel as Markdown: the portal shows no HTML that somebody wrote. Pure."""

from __future__ import annotations

import re
from html.parser import HTMLParser

MARKS = {
    "b": "**", "strong": "**", "i": "*", "em": "*", "code": "`", "h1": "\n\n# ", "h2": "\n\n## ", "h3": "\n\n### ",
    "h4": "\n\n#### ", "h5": "\n\n##### ", "h6": "\n\n###### ", "li": "\n- ", "p": "\n\n", "div": "\n\n", "br": "\n",
    "tr": "\n", "ul": "\n", "ol": "\n", "hr": "\n\n---\n\n",
}  # fmt: skip
BOTH_ENDS = {"b", "strong", "i", "em", "code"}
UNSEEN = {"style", "script", "head", "title"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.addresses: list[str] = []
        self.unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in UNSEEN:
            self.unseen += 1
        elif tag == "a":
            self.addresses.append(dict(attrs).get("href") or "")
            self.parts.append("[")
        else:
            self.parts.append(MARKS.get(tag, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self.unseen = max(0, self.unseen - 1)
        elif tag == "a" and self.addresses:
            self.parts.append(f"]({self.addresses.pop()})")
        elif tag in BOTH_ENDS:
            self.parts.append(MARKS[tag])
        elif tag in MARKS and tag not in ("br", "hr", "li"):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.unseen:
            self.parts.append(re.sub(r"\s+", " ", data))


def markdown_of(html: str) -> str:
    """Return what a text in HTML says, with its headings, lists, links and stress."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    text = "".join(reader.parts)
    lines = [line.strip() for line in text.split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def fenced(language: str, text: str) -> str:
    """Return a block of code that the text itself cannot end."""
    longest = max((len(found) for found in re.findall(r"`+", text)), default=2)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"
