"""One readable log out of many processes: `time process level message`, or JSON lines."""

from __future__ import annotations

import json
import logging
import re
import sys
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

COLORS = {"debug": "2", "warning": "33", "error": "31", "critical": "31;1"}
NAMES = ("35", "36", "32", "34", "33", "95", "96", "92")
PLAIN = re.compile(
    r"^(?:\d+ )?\[?(?P<level>DEBUG|INFO|LOG|WARNING|WARN|ERROR|FATAL|PANIC)\b[\]:]*\s*"
)
LEVELS = {"log": "info", "warn": "warning", "fatal": "critical", "panic": "critical"}
OWN_FIELDS = {"time", "level", "logger", "message", "traceback", "process"}


def parse(name: str, raw: str, now: datetime) -> dict[str, Any]:
    """Turn one line of a child's output into fields; plain text keeps its words."""
    try:
        found = json.loads(raw)
    except ValueError:
        found = None
    if isinstance(found, dict) and "message" in found:
        return {"time": now.isoformat(), "level": "info"} | found | {"process": name}
    match = PLAIN.match(raw)
    level = match["level"].lower() if match else "info"
    return {
        "time": now.isoformat(),
        "level": LEVELS.get(level, level),
        "process": name,
        "message": raw[match.end() :] if match else raw,
    }


def render(fields: dict[str, Any], *, colored: bool) -> str:
    """Write one entry for people; a traceback stays under its message."""
    clock = str(fields["time"])[11:23]
    name = f"{fields['process']:<9}"
    level = str(fields["level"])
    extra = " ".join(f"{key}={value}" for key, value in fields.items() if key not in OWN_FIELDS)
    text = " ".join(part for part in (str(fields["message"]), extra) if part)
    if fields.get("traceback"):
        text += "\n" + "\n".join(f"    {line}" for line in str(fields["traceback"]).splitlines())
    if not colored:
        return f"{clock} {name} {level:<8} {text}"
    shade = NAMES[sum(map(ord, str(fields["process"]))) % len(NAMES)]
    painted = f"\033[{COLORS[level]}m{text}\033[0m" if level in COLORS else text
    return f"\033[2m{clock}\033[0m \033[{shade}m{name}\033[0m {painted}"


class MergedLog:
    """Takes lines of all processes; writes them to the terminal and to a rotated file."""

    def __init__(self, file: Path, *, as_json: bool) -> None:
        self.as_json = as_json
        self.colored = sys.stdout.isatty() and not as_json
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = RotatingFileHandler(file, maxBytes=20_000_000, backupCount=3)

    def take(self, name: str, raw: str) -> None:
        if not raw.strip():
            return
        fields = parse(name, raw.rstrip(), datetime.now(tz=UTC))  # the edge
        line = json.dumps(fields) if self.as_json else render(fields, colored=self.colored)
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        kept = line if self.as_json else render(fields, colored=False)
        self._file.emit(logging.makeLogRecord({"msg": kept}))
