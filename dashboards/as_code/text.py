"""A dashboard's text, as YAML or JSON, and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import orjson

from dashboards.as_code import yaml_text
from dashboards.as_code.shaping import packed
from portal.lib.field_error import FieldError

LARGEST = 10 << 20  # bytes
ENDINGS = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}


def written(document: Mapping[str, Any], uid: str = "", form: str = "yaml") -> str:
    """Return a checked document as text: equal documents are equal texts."""
    told = packed(document, uid)
    if form == "json":
        return json.dumps(told, ensure_ascii=False, indent=2) + "\n"
    return yaml_text.written(told)


def data_of(text: str | bytes) -> Any:
    """Return what a text holds, whichever form it is in. Raises FieldError."""
    if len(text) > LARGEST:
        raise FieldError("body", f"This has {LARGEST >> 20} MiB at most.")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as problem:
            raise FieldError("body", "This must be text in UTF-8.") from problem
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise FieldError("body", "There is nothing in it.")
    if text.lstrip()[0] not in "{[":
        return yaml_text.read(text)
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        # What begins like JSON may still be YAML in flow style; JSON's complaint is the one that helps.
        raise FieldError("body", f"This is not JSON: {problem}.") from problem
