"""A folder of files beside the dashboards here: how each stands, and the patch that brings files up."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dashboards.actions.documents import checked_uid
from dashboards.as_code.text import ENDINGS, written
from dashboards.document import free_key
from dashboards.importing import Read, read_text
from dashboards.models import Dashboard, Origin
from dashboards.shapes import document_of
from dashboards.sides import Standing, standing, together
from portal.lib.field_error import FieldError

Json = dict[str, Any]
FILES = "files"
NO_NEWLINE = "\\ No newline at end of file\n"


@dataclass(frozen=True)
class Entry:
    """One dashboard on both sides. `problem` says why its file cannot be read."""

    uid: str
    path: str
    origin: Origin
    here: Json | None = None
    there: Json | None = None
    text: str = ""
    form: str = "portal"
    problem: str = ""

    @property
    def standing(self) -> Standing:
        return standing(self.here, self.there, self.origin.base)

    @property
    def joined(self) -> Json | None:
        """Return both sides' changes in one; None where a person has to choose, or a side is missing."""
        if self.here is None or self.there is None:
            return None
        return together(self.here, self.there, self.origin.base)[0]


def entries_of(folder: Path) -> list[Entry]:
    """Return every dashboard of a folder's files, and those that files were synced with before."""
    known = {one.uid: one for one in Origin.objects.filter(kind=FILES)}
    found: dict[str, Entry] = {}
    problems: list[Entry] = []
    for path in files_in(folder):
        entry = entry_of(path, folder, known)
        if entry.problem or entry.uid in found:
            message = entry.problem or f"{found[entry.uid].path} is of the same dashboard."
            problems.append(Entry(entry.uid, entry.path, entry.origin, problem=message))
        else:
            found[entry.uid] = entry
    gone = [one for uid, one in known.items() if uid not in found]
    for origin in gone:
        found[origin.uid] = Entry(origin.uid, origin.path, origin, here=document_at(origin.uid))
    listed = [one for one in found.values() if one.here is not None or one.there is not None]
    return sorted([*listed, *problems], key=lambda one: one.path)


def files_in(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        is_hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.suffix.lower() in ENDINGS and path.is_file() and not is_hidden:
            yield path


def entry_of(path: Path, folder: Path, known: dict[str, Origin]) -> Entry:
    """Read one file; its uid, or else its name, says which dashboard it is."""
    shown = path.relative_to(folder).as_posix()
    uid = free_key(path.name.split(".")[0], set())
    try:
        data = path.read_bytes()
        read: Read = read_text(data)
    except (FieldError, OSError) as problem:
        told = (
            f"{problem.field}: {problem.message}"
            if isinstance(problem, FieldError)
            else str(problem)
        )
        return Entry(uid, shown, Origin(kind=FILES, uid=uid, path=shown), problem=told)
    uid = read.uid or uid
    origin = known.get(uid) or Origin(kind=FILES, uid=uid, path=shown, base=None)
    origin.path = shown
    here = document_at(uid)
    text = data.decode("utf-8-sig")
    return Entry(uid, shown, origin, here, read.document, text, read.form)


def document_at(uid: str) -> Json | None:
    found = Dashboard.objects.filter(uid=uid).first()
    return document_of(found) if found is not None else None


def check_address(uid: str) -> str:
    """Raise FieldError for a file whose uid no dashboard can have."""
    return checked_uid(uid)


def text_for(entry: Entry, document: Json) -> str:
    """Return what the entry's file would hold."""
    ending = Path(entry.path).suffix.lower()
    return written(document, entry.uid, ENDINGS.get(ending, "yaml"))


def patch_of(entries: Iterable[Entry]) -> str:
    """Return a unified diff that gives the folder what was changed here; both sides' where they join."""
    return "".join(one for entry in entries for one in diff_of(entry))


def diff_of(entry: Entry) -> Iterator[str]:
    if entry.form != "portal" or entry.here is None or entry.problem:
        return
    if entry.standing is Standing.CHANGED_HERE:
        wanted = entry.here
    elif entry.standing is Standing.BOTH and entry.joined is not None:
        wanted = entry.joined
    elif entry.standing is Standing.GONE_THERE:
        wanted = entry.here
    else:
        return
    old = entry.text.splitlines(keepends=True)
    new = text_for(entry, wanted).splitlines(keepends=True)
    before = f"a/{entry.path}" if entry.there is not None else "/dev/null"
    for line in difflib.unified_diff(old, new, before, f"b/{entry.path}"):
        yield line if line.endswith("\n") else f"{line}\n{NO_NEWLINE}"
