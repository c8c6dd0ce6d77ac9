"""Check what is given for an option; complaints name the field and what it should be. Pure."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from dashboards.options import Option
from dashboards.options.calcs import named
from dashboards.options.colors import NAMES, is_color
from dashboards.options.links import is_safe
from dashboards.options.mappings import SPECIAL
from dashboards.options.overrides import BY
from dashboards.options.regexes import BadRegex, pattern
from portal.lib.field_error import FieldError
from portal.lib.reading import name_of

LONGEST_TEXT = 2_000
LONGEST_QUERY = 100_000
MOST_ENTRIES = 200
MOST_QUERIES = 25
LARGEST_OBJECT = 200_000
DURATION = re.compile(r"(\d{1,6}(ms|s|m|h|d|w|mo|M|y))+")
VARIABLE = re.compile(r"\$\{?\w|\[\[\w")

Check = Callable[[Option, Any, str], Any]


def checked_value(option: Option, value: Any, path: str) -> Any:
    """Return an option's value as it is kept. Raises FieldError."""
    return CHECKS[option.kind](option, value, path)


def text(option: Option, value: Any, path: str) -> str:
    return a_text(value, path)


def a_text(value: Any, path: str, longest: int = LONGEST_TEXT) -> str:
    if not isinstance(value, str):
        raise FieldError(path, f"This must be a text, not {name_of(value)}.")
    if len(value) > longest:
        raise FieldError(path, f"This has {longest:,} characters at most.")
    if "\0" in value:
        raise FieldError(path, "This must not hold a null character.")
    return value


def number(option: Option, value: Any, path: str) -> float:
    found = a_number(value, path)
    if option.least is not None and found < option.least:
        raise FieldError(path, f"This must be {option.least:g} or more.")
    if option.most is not None and found > option.most:
        raise FieldError(path, f"This must be {option.most:g} or less.")
    return found


def a_number(value: Any, path: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value):
        raise FieldError(path, f"This must be a number, not {name_of(value)}.")
    found: float = value
    return found


def whole(option: Option, value: Any, path: str) -> int:
    found = number(option, value, path)
    if found != int(found):
        raise FieldError(path, "This must be a whole number.")
    return int(found)


def flag(option: Option, value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise FieldError(path, f"This must be true or false, not {name_of(value)}.")
    return value


def choice(option: Option, value: Any, path: str) -> str:
    known = [name for name, _ in option.choices]
    wanted = named(value) if isinstance(value, str) and value not in known else value
    if wanted not in known:
        listed = ", ".join(name or '""' for name in known)
        raise FieldError(path, f"This must be one of: {listed}.")
    return str(wanted)


def choices(option: Option, value: Any, path: str) -> list[str]:
    return [choice(option, one, at) for one, at in entries(value, path)]


def names(option: Option, value: Any, path: str) -> list[str]:
    return [a_text(one, at) for one, at in entries(value, path)]


def color(option: Option, value: Any, path: str) -> str:
    return a_color(value, path)


def a_color(value: Any, path: str) -> str:
    if not is_color(value):
        raise FieldError(path, f"This must be #rrggbb or one of: {', '.join(NAMES)}.")
    return str(value)


def duration(option: Option, value: Any, path: str) -> str:
    # A step may be a number of seconds, as Prometheus has it.
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return f"{value:g}s"
    found = a_text(value, path)
    if not DURATION.fullmatch(found) and not VARIABLE.search(found):
        raise FieldError(path, "This must be a length of time such as 5m, 24h or 7d.")
    return found


def entries(value: Any, path: str, most: int = MOST_ENTRIES) -> list[tuple[Any, str]]:
    """Return a list's entries with their paths."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise FieldError(path, f"This must be a list, not {name_of(value)}.")
    if len(value) > most:
        raise FieldError(path, f"This has {most} entries at most.")
    return [(one, f"{path}.{index}") for index, one in enumerate(value)]


def an_object(value: Any, path: str, *known: str) -> dict[str, Any]:
    """Return a mapping's fields; with `known` no others."""
    if not isinstance(value, Mapping):
        raise FieldError(path, f"This must be an object, not {name_of(value)}.")
    for name in value:
        if known and name not in known:
            raise FieldError(f"{path}.{name}", f"Unknown field; known here: {', '.join(known)}.")
    return {name: one for name, one in value.items() if one is not None}


def rows(option: Option, value: Any, path: str) -> list[dict[str, Any]]:
    return [kept_object(option, one, at) for one, at in entries(value, path)]


def kept_object(option: Option, value: Any, path: str) -> dict[str, Any]:
    found = an_object(value, path)
    try:
        size = len(json.dumps(found, allow_nan=False))
    except (TypeError, ValueError) as problem:
        raise FieldError(path, "This must be JSON.") from problem
    if size > LARGEST_OBJECT:
        raise FieldError(path, f"This is {LARGEST_OBJECT:,} characters of JSON at most.")
    return found


def one_of(value: Any, path: str, known: Sequence[str]) -> str:
    if value not in known:
        raise FieldError(path, f"This must be one of: {', '.join(known)}.")
    return str(value)


def thresholds(option: Option, value: Any, path: str) -> dict[str, Any]:
    found = an_object(value, path, "mode", "steps", "shown")
    mode = one_of(found.get("mode", "absolute"), f"{path}.mode", ("absolute", "percentage"))
    steps = []
    for one, at in entries(found.get("steps", []), f"{path}.steps"):
        step = an_object(one, at, "value", "color")
        least = step.get("value")
        kept = None if least is None else a_number(least, f"{at}.value")
        steps.append({"value": kept, "color": a_color(step.get("color"), f"{at}.color")})
    values = [one["value"] for one in steps if one["value"] is not None]
    if len(set(values)) < len(values) or len(steps) > len(values) + 1:
        raise FieldError(f"{path}.steps", "No two steps may begin at the same value.")
    shown = one_of(found.get("shown", "none"), f"{path}.shown", THRESHOLDS_SHOWN)
    return {"mode": mode, "steps": steps} | ({"shown": shown} if shown != "none" else {})


THRESHOLDS_SHOWN = ("none", "line", "dashed", "area", "line+area", "dashed+area")


def mappings(option: Option, value: Any, path: str) -> list[dict[str, Any]]:
    return [a_mapping(one, at) for one, at in entries(value, path)]


def a_mapping(value: Any, path: str) -> dict[str, Any]:
    found = an_object(value, path, "kind", "match", "from", "to", "text", "color")
    kind = one_of(found.get("kind"), f"{path}.kind", ("value", "range", "regex", "special"))
    if kind == "range":
        for name in ("from", "to"):
            if name in found:
                a_number(found[name], f"{path}.{name}")
    elif kind == "special":
        one_of(found.get("match"), f"{path}.match", [name for name, _ in SPECIAL])
    elif kind == "regex":
        a_regex(found.get("match"), f"{path}.match")
    elif isinstance(found.get("match"), int | float):
        pass
    else:
        a_text(found.get("match"), f"{path}.match")
    if "text" in found:
        a_text(found["text"], f"{path}.text")
    if "color" in found:
        a_color(found["color"], f"{path}.color")
    return found


def a_regex(value: Any, path: str) -> str:
    found = a_text(value, path)
    try:
        pattern(found)
    except BadRegex as problem:
        raise FieldError(path, f"This is no regular expression: {problem}.") from problem
    return found


def links(option: Option, value: Any, path: str) -> list[dict[str, Any]]:
    return [a_link(one, at) for one, at in entries(value, path)]


def a_link(value: Any, path: str) -> dict[str, Any]:
    found = an_object(value, path, "title", "url", "new_tab")
    url = a_text(found.get("url"), f"{path}.url")
    # What begins with a variable is looked at again once it is filled in.
    if not is_safe(url) and not url.startswith("$"):
        raise FieldError(f"{path}.url", "This must begin with https://, http://, mailto: or /.")
    if "title" in found:
        a_text(found["title"], f"{path}.title")
    if "new_tab" in found and not isinstance(found["new_tab"], bool):
        raise FieldError(f"{path}.new_tab", "This must be true or false.")
    return found


def a_match(value: Any, path: str) -> dict[str, Any]:
    found = an_object(value, path, "by", "value")
    by = one_of(found.get("by"), f"{path}.by", [name for name, _ in BY])
    if by == "names":
        return {
            "by": by,
            "value": [a_text(*one) for one in entries(found.get("value"), f"{path}.value")],
        }
    if by == "regexp":
        return {"by": by, "value": a_regex(found.get("value"), f"{path}.value")}
    return {"by": by, "value": a_text(found.get("value"), f"{path}.value")}


def queries(option: Option, value: Any, path: str) -> list[dict[str, Any]]:
    return [a_query(one, at) for one, at in entries(value, path, MOST_QUERIES)]


def a_query(value: Any, path: str) -> dict[str, Any]:
    found = an_object(
        value, path, "query", "legend", "instant", "hidden", "ref", "unit", "step", "server"
    )
    if not a_text(found.get("query"), f"{path}.query", LONGEST_QUERY).strip():
        raise FieldError(f"{path}.query", "A further query must not be empty.")
    for name in ("legend", "ref", "unit"):
        if name in found:
            a_text(found[name], f"{path}.{name}")
    for name in ("instant", "hidden"):
        if not isinstance(found.get(name, False), bool):
            raise FieldError(f"{path}.{name}", "This must be true or false.")
    return found


def server(option: Option, value: Any, path: str) -> int | str:
    """Read which Prometheus server is asked: its id, or the variable that chooses it."""
    if isinstance(value, str):
        if not VARIABLE.match(value) or len(value) > 100:
            raise FieldError(path, "This must be a server's id, or a variable such as ${server}.")
        return value
    return whole(Option("server", "Server", "whole", least=1, most=2**31 - 1), value, path)


def repeat(option: Option, value: Any, path: str) -> dict[str, Any]:
    found = an_object(value, path, "variable", "direction", "most")
    kept: dict[str, Any] = {"variable": a_text(found.get("variable"), f"{path}.variable")}
    kept["direction"] = one_of(found.get("direction", "h"), f"{path}.direction", ("h", "v"))
    if "most" in found:
        most = Option("most", "At most", "whole", least=1, most=100)
        kept["most"] = whole(most, found["most"], f"{path}.most")
    return kept


def transformations(option: Option, value: Any, path: str) -> list[dict[str, Any]]:
    kept = []
    for one, at in entries(value, path):
        found = an_object(one, at, "id", "options", "disabled", "filter")
        name = a_text(found.get("id"), f"{at}.id")
        kept.append(
            found | {"id": name, "options": an_object(found.get("options", {}), f"{at}.options")}
        )
    return kept


def nothing(option: Option, value: Any, path: str) -> Any:
    raise FieldError(path, "Overrides do not hold overrides.")


CHECKS: Mapping[str, Check] = {
    "text": text, "paragraph": text, "number": number, "whole": whole, "flag": flag,
    "choice": choice, "choices": choices, "names": names, "color": color, "unit": text,
    "duration": duration, "thresholds": thresholds, "mappings": mappings, "links": links,
    "overrides": nothing, "transformations": transformations, "queries": queries,
    "repeat": repeat, "server": server, "object": kept_object,
    "rows": rows, "named": kept_object,
}  # fmt: skip
