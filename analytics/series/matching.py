"""Which series are meant: label matchers as PromQL has them. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Operator = Literal["=", "!=", "=~", "!~"]


@dataclass(frozen=True)
class Matcher:
    """One condition on one label; the metric's name is the label `__name__`.

    A label that a series has not is the empty text. Regular expressions are RE2's and match the
    whole value.
    """

    name: str
    op: Operator
    value: str
