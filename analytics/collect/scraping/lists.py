"""Lists of targets, as Prometheus's file and HTTP service discovery have them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import yaml

from portal.lib.field_error import FieldError
from portal.lib.reading import Reader

ENDINGS = (".json", ".yml", ".yaml")
LARGEST_FILE = 10 << 20
MOST_FILES = 500
DEEPEST = 20
MOST_GROUPS = 10_000
MOST_TARGETS = 10_000
# A tag such as !!bool before what is none lets the loader stumble.
UNREADABLE = (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError)


class NotYaml(Exception):
    """A text is no YAML that can be read."""


class BadList(Exception):
    """A list of targets cannot be used; the text says which and why."""


def from_files(folder: Path, pattern: str) -> list[dict[str, str]]:
    """Return the labels of all targets in the files of a pattern below `folder`. Raises BadList."""
    found: list[dict[str, str]] = []
    for file in files_of(folder, pattern):
        name = file.relative_to(folder.resolve()).as_posix()
        try:
            if file.stat().st_size > LARGEST_FILE:
                raise BadList(f"{name} is larger than {LARGEST_FILE >> 20} MiB.")
            parsed = loaded(file.read_bytes())
        except OSError as error:
            raise BadList(f"{name} cannot be read: {error.strerror}.") from error
        except NotYaml as error:
            raise BadList(f"{name} is neither JSON nor YAML: {error}") from error
        found += targets_in(parsed, name, {"__meta_filepath": name})
        limited(found)
    return found


def loaded(text: str | bytes) -> Any:
    """Read YAML, and so JSON. Raises NotYaml."""
    try:
        check_depth(text)
        return yaml.load(text, Loader=yaml.CSafeLoader)  # the safe one, in C
    except UNREADABLE as error:
        raise NotYaml("it cannot be read.") from error


def check_depth(text: str | bytes) -> None:
    """Raise NotYaml for what lies too deep: libyaml's loader would end the process."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise NotYaml("it is nested too deeply.")


def files_of(folder: Path, pattern: str) -> list[Path]:
    """Return the files of a pattern; never one that is elsewhere. Raises BadList."""
    root = folder.resolve()
    found = sorted(
        file
        for one in root.glob(pattern)
        if one.suffix in ENDINGS and (file := one.resolve()).is_relative_to(root) and file.is_file()
    )
    if not found:
        raise BadList(f"No file below {folder} is called {pattern}.")
    if len(found) > MOST_FILES:
        raise BadList(f"More than {MOST_FILES} files are called {pattern}.")
    return found


def check_pattern(pattern: str) -> None:
    """Raise FieldError for a pattern that could lead elsewhere, or names no list."""
    if pattern.startswith("/") or ".." in pattern.split("/") or "\0" in pattern:
        raise FieldError("files", "This must be a file or pattern below the folder of lists.")
    if any("**" in part and part != "**" for part in pattern.split("/")):
        raise FieldError(
            "files", "Two stars stand for folders, so nothing else stands beside them."
        )
    if not pattern.endswith(ENDINGS):
        raise FieldError("files", f"This must end with one of {', '.join(ENDINGS)}.")


def from_body(body: bytes, url: str) -> list[dict[str, str]]:
    """Return the labels of all targets in an answer of HTTP discovery. Raises BadList."""
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadList("The list is not JSON.") from error
    return targets_in(parsed, "The list", {"__meta_url": url})


def targets_in(parsed: Any, name: str, meta: dict[str, str]) -> list[dict[str, str]]:
    """Read `[{"targets": ["host:9100"], "labels": {…}}]`; null is empty. Raises BadList."""
    groups = [] if parsed is None else parsed
    if not isinstance(groups, list) or len(groups) > MOST_GROUPS:
        raise BadList(f"{name} should be a list of groups, {MOST_GROUPS} at most.")
    found: list[dict[str, str]] = []
    try:
        for number, group in enumerate(groups):
            for address, labels in group_of(group, f"[{number}]"):
                found.append({**meta, **labels, "__address__": address})
            limited(found)  # at once: by YAML's aliases a small file has very many
    except FieldError as error:
        raise BadList(f"{name}, {error.field}: {error.message}") from error
    return found


def group_of(group: Any, path: str) -> Iterator[tuple[str, dict[str, str]]]:
    reader = Reader(group, path)
    addresses = reader.each("targets", address, most=MOST_TARGETS)
    labels = labels_of(reader.take("labels"), reader.at("labels"))
    reader.finish()
    for one in addresses:
        yield one, labels


def address(value: Any, path: str) -> str:
    if not isinstance(value, str) or not value or "/" in value or "\0" in value:
        raise FieldError(path, "This must be host:port.")
    return value


def labels_of(value: Any, path: str) -> dict[str, str]:
    """Read labels. Raises FieldError."""
    labels = {} if value is None else value
    if not isinstance(labels, dict):
        raise FieldError(path, "This must be an object of labels.")
    for name, text in labels.items():
        if not isinstance(name, str) or not name or not isinstance(text, str):
            raise FieldError(path, "Labels and their values must be texts.")
        if "\0" in name or "\0" in text:
            raise FieldError(path, "A label must not hold a null character.")
    return labels


def limited(found: list[dict[str, str]]) -> None:
    if len(found) > MOST_TARGETS:
        raise BadList(f"There are more than {MOST_TARGETS} targets on the list.")
