"""Relabelling as Prometheus has it: choose, rename and rewrite labels by rules. Pure."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import re2

from portal.lib.field_error import FieldError
from portal.lib.reading import Reader

ACTIONS = ("replace", "keep", "drop", "hashmod", "labelmap", "labeldrop", "labelkeep")
WRITING = ("replace", "hashmod")  # they need a target_label
REFERENCE = re.compile(r"\$(?:(?P<dollar>\$)|\{(?P<braced>\w+)\}|(?P<bare>\w+))", re.ASCII)
MOST_RULES = 100
MOST_SOURCES = 50
LARGEST_MODULUS = 2**63 - 1
# What rules may make: each could double what the one before it made.
LARGEST_TEXT = 1 << 16
MOST_LABELS = 1_000


@dataclass(frozen=True)
class Rule:
    """One step. `regex` is RE2's and has to match the whole value; `$1` stands for its groups."""

    action: str = "replace"
    source_labels: tuple[str, ...] = ()
    separator: str = ";"
    regex: str = "(.*)"
    target_label: str = ""
    replacement: str = "$1"
    modulus: int = 0

    @cached_property
    def pattern(self) -> Any:
        return compiled(self.regex)

    def as_json(self) -> dict[str, Any]:
        """Return it as Prometheus writes it, less what is as usual."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        changed = {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in found.items()
            if value != getattr(Rule, name)
        }
        return {"action": self.action, **changed}


def compiled(regex: str) -> Any:
    """Compile a regular expression of RE2. Raises re2.error."""
    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    return re2.compile(regex, options)


def parse(value: Any, path: str) -> Rule:
    """Read one rule of Prometheus's shape. Raises FieldError naming the field below `path`."""
    reader = Reader(value, path)
    rule = Rule(
        action=reader.choice("action", ACTIONS, "replace"),
        source_labels=reader.each("source_labels", label_name, most=MOST_SOURCES),
        separator=plain(reader, "separator", Rule.separator),
        regex=plain(reader, "regex", Rule.regex),
        target_label=plain(reader, "target_label", ""),
        replacement=plain(reader, "replacement", Rule.replacement),
        modulus=reader.integer("modulus", 0, low=0, high=LARGEST_MODULUS),
    )
    reader.finish()
    check(rule, reader)
    return rule


def check(rule: Rule, reader: Reader) -> None:
    try:
        compiled(rule.regex)
    except re2.error as error:
        said = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        raise FieldError(reader.at("regex"), f"This is no regular expression: {said}.") from error
    if rule.action in WRITING and not rule.target_label:
        message = f"The action {rule.action} needs the label that it writes."
        raise FieldError(reader.at("target_label"), message)
    if rule.action == "hashmod" and not rule.modulus:
        raise FieldError(reader.at("modulus"), "The action hashmod needs a modulus of 1 or more.")
    if rule.action in {"keep", "drop"} and not rule.source_labels:
        message = f"The action {rule.action} needs labels to look at."
        raise FieldError(reader.at("source_labels"), message)


def label_name(value: Any, path: str) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200 or "\0" in value:
        raise FieldError(path, "This must be a label's name, of at most 200 characters.")
    return value


def plain(reader: Reader, name: str, default: str) -> str:
    """Read a text that may be empty."""
    value = reader.take(name)
    return default if value is None else "" if value == "" else reader.text(name)


def apply(rules: Sequence[Rule], labels: Mapping[str, str]) -> dict[str, str] | None:
    """Return the labels after all rules; None when a rule drops what they stand for.

    Labels that end up empty do not exist. Raises FieldError for rules that make too much.
    """
    found = {name: value for name, value in labels.items() if value}
    for rule in rules:
        after = step(rule, found)
        if after is None:
            return None
        found = after
    return found


def step(rule: Rule, labels: dict[str, str]) -> dict[str, str] | None:
    if rule.action in BY_NAME:
        return BY_NAME[rule.action](rule, labels)
    value = rule.separator.join(labels.get(name, "") for name in rule.source_labels)
    if rule.action == "hashmod":
        return {**labels, rule.target_label: str(hashed(value) % rule.modulus)}
    match = rule.pattern.fullmatch(value)
    if rule.action in {"keep", "drop"}:
        return labels if bool(match) == (rule.action == "keep") else None
    return replaced(rule, labels, match) if match else labels


def replaced(rule: Rule, labels: dict[str, str], match: Any) -> dict[str, str]:
    name = expanded(rule.target_label, match)
    value = expanded(rule.replacement, match)
    rest = {k: v for k, v in labels.items() if k != name}
    return {**rest, name: value} if name and value else rest if name else labels


def mapped(rule: Rule, labels: dict[str, str]) -> dict[str, str]:
    added = {
        expanded(rule.replacement, match): value
        for name, value in labels.items()
        if (match := rule.pattern.fullmatch(name))
    }
    if len(labels) + len(added) > MOST_LABELS:
        raise FieldError("relabel", f"The rules make more than {MOST_LABELS:,} labels.")
    return {name: value for name, value in (labels | added).items() if name}


def without(rule: Rule, labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if not rule.pattern.fullmatch(name)}


def only(rule: Rule, labels: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in labels.items() if rule.pattern.fullmatch(name)}


BY_NAME = {"labelmap": mapped, "labeldrop": without, "labelkeep": only}


def expanded(template: str, match: Any) -> str:
    """Put a match's groups into a template; a group that there is not is empty."""

    def group(reference: re.Match[str]) -> str:
        if reference["dollar"]:
            return "$"
        name = reference["braced"] or reference["bare"]
        try:
            return match[int(name) if name.isdecimal() else name] or ""
        except (IndexError, KeyError):
            return ""

    if "$" not in template:
        return template
    if template.count("$") * len(match.string) > LARGEST_TEXT:
        raise FieldError("relabel", f"The rules make a text longer than {LARGEST_TEXT:,}.")
    return REFERENCE.sub(group, template)


def hashed(value: str) -> int:
    """Return what Prometheus's hashmod divides, so that shards agree with its own."""
    digest = hashlib.md5(value.encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[8:], "big")
