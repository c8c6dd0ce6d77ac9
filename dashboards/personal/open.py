"""Snapshots and links that name somebody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import unescape
from typing import Any

from django.db import transaction

from dashboards.daily.models import Playlist
from dashboards.open.models import PublicLink, Snapshot
from portal.audit.personal import ERASED, Subject, Turn, holders, is_named, redacted
from portal.audit.personal_texts import Texts

EMPTIED = {
    "state": "empty",
    "html": "<p>This box named a person whose data were erased; what it showed is gone.</p>",
    "meta": {},
}


class Snapshots:
    """Frozen boxes. What a box showed goes as a whole where it names the person: beside the name
    stand other things about them.
    """

    kind = "snapshots"
    label = "Snapshots of dashboards"
    turn = Turn.WORKER
    stays = ""

    @property
    def covers(self) -> Sequence[str]:
        return (Snapshot._meta.label,)

    def count(self, subject: Subject) -> int:
        return sum(1 for _ in self.rows(subject))

    def rows(self, subject: Subject) -> Iterator[Mapping[str, Any]]:
        """Give the boxes that name the person, with their snapshot."""
        for snapshot in Snapshot.objects.order_by("pk").iterator(chunk_size=20):
            named = boxes_naming(snapshot, subject)
            if named or texts_name(snapshot, subject):
                yield {
                    "pk": snapshot.pk,
                    "name": snapshot.name,
                    "boxes": {key: snapshot.answers[key] for key in named},
                }

    @transaction.atomic
    def erase(self, subject: Subject) -> None:
        for pk in [row["pk"] for row in self.rows(subject)]:
            snapshot = Snapshot.objects.select_for_update().filter(pk=pk).first()
            if snapshot is None:
                continue
            for key in boxes_naming(snapshot, subject):
                snapshot.answers[key] = EMPTIED
            snapshot.name = redacted(snapshot.name, subject)
            snapshot.board = redacted(snapshot.board, subject)
            if subject.names and any(name in snapshot.rows_read for name in subject.names):
                snapshot.rows_read = ERASED  # a condition that nobody has: for readers of all rows
            snapshot.save()


def boxes_naming(snapshot: Snapshot, subject: Subject) -> list[str]:
    return [
        key
        for key, answer in snapshot.answers.items()
        if is_named(answer, subject) or is_named(unescape(answer.get("html", "")), subject)
    ]


def texts_name(snapshot: Snapshot, subject: Subject) -> bool:
    texts = [snapshot.name, snapshot.board]
    return is_named(texts, subject) or any(name in snapshot.rows_read for name in subject.names)


holders.add(Snapshots())
holders.add(
    Texts(kind="public_links", label="Public links", model=PublicLink, fields=("name", "look"))
)
holders.add(Texts(kind="playlists", label="Playlists", model=Playlist, fields=("name",)))
