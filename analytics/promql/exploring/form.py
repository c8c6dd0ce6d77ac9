"""The address of the page: queries by letter, how they are shown, of which server. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from django.http import QueryDict

from analytics.promql.parameters import duration_of
from portal.lib.field_error import FieldError

View = Literal["lines", "stacked", "table", "stat"]
LETTERS = "ABCDEFGH"
VIEWS: Mapping[str, str] = {
    "lines": "Lines", "stacked": "Stacked", "table": "Table", "stat": "Numbers",
}  # fmt: skip
LONGEST_QUERY = 20_000
RANGE = ("from", "to", "tz")
USUAL_RANGE = "-1h"


@dataclass(frozen=True)
class Line:
    """One query; `text` may be empty while it is being written."""

    letter: str
    text: str
    is_shown: bool = True

    @property
    def is_asked(self) -> bool:
        return self.is_shown and bool(self.text.strip())


@dataclass(frozen=True)
class ExploreForm:
    """Everything that stands in the address; `server` 0 is the portal itself."""

    lines: tuple[Line, ...] = (Line("A", ""),)
    view: View = "lines"
    step: str = ""
    server: int = 0
    chosen: Mapping[str, str] = field(default_factory=dict)  # from, to and tz as they were given

    @classmethod
    def read(cls, given: QueryDict) -> ExploreForm:
        """Read an address. Raises FieldError."""
        texts = given.getlist("query") or [""]
        if len(texts) > len(LETTERS):
            raise FieldError("query", f"At most {len(LETTERS)} queries stand on one page.")
        if any(len(text) > LONGEST_QUERY for text in texts):
            raise FieldError("query", f"A query has {LONGEST_QUERY:,} characters at most here.")
        hidden = set(given.getlist("hide"))
        view = given.get("view") or "lines"
        if view not in get_args(View):
            raise FieldError("view", f"One of {', '.join(VIEWS)}.")
        return cls(
            lines=tuple(
                Line(letter, text, letter not in hidden)
                for letter, text in zip(LETTERS, texts, strict=False)
            ),
            view=view,  # type: ignore[arg-type]  # one of them, as was just seen
            step=step_in(given),
            server=server_in(given),
            chosen={name: str(given[name]) for name in RANGE if given.get(name)},
        )

    @property
    def step_ms(self) -> int | None:
        return duration_of(self.step) if self.step else None

    @property
    def asked(self) -> list[Line]:
        return [line for line in self.lines if line.is_asked]

    @property
    def may_add(self) -> bool:
        return len(self.lines) < len(LETTERS)

    def with_text(self, letter: str, text: str) -> ExploreForm:
        lines = (replace(one, text=text) if one.letter == letter else one for one in self.lines)
        return replace(self, lines=tuple(lines))

    def with_another(self) -> ExploreForm:
        if not self.may_add:
            return self
        return replace(self, lines=(*self.lines, Line(LETTERS[len(self.lines)], "")))

    def address(self, **changes: Any) -> str:
        form = replace(self, **changes)
        pairs = [("query", line.text) for line in form.lines]
        pairs += [("hide", line.letter) for line in form.lines if not line.is_shown]
        if form.view != "lines":
            pairs.append(("view", form.view))
        if form.step:
            pairs.append(("step", form.step))
        if form.server:
            pairs.append(("server", str(form.server)))
        return f"?{urlencode([*pairs, *form.chosen.items()])}"


def step_in(given: QueryDict) -> str:
    text = (given.get("step") or "").strip()
    if not text:
        return ""
    try:
        step = duration_of(text)
    except ValueError as error:
        raise FieldError("step", f"A step is a duration such as 30s or 5m: {error}") from error
    if step <= 0:
        raise FieldError("step", "A step is longer than nothing.")
    return text


def server_in(given: QueryDict) -> int:
    text = given.get("server") or "0"
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise FieldError("server", "The number of a Prometheus server, or nothing for the portal.")
    return int(text)
