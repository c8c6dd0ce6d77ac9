"""What can be shared. An app registers each of its models in its `sharing.py`:

    shareables.add(Shareable("dashboard", "Dashboard", Dashboard, see=VIEW, ...))

and `portal.accounts.access` answers for it from then on. The model has `created_by`, and besides:
`folder` and `stop_inheriting` where it stands in folders, `is_public` where it may be open to all,
`is_protected` where all may change it otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Model, Q

from portal.accounts.models import (
    ADMINISTER_FOLDERS,
    CHANGE_FOLDER,
    VIEW_FOLDER,
    Folder,
)
from portal.lib.registry import Registry

NOTHING = Q(pk__in=[])
EVERYTHING = Q(pk__isnull=False)  # not Q(), which "or" leaves out
FOLDER = "folder"


@dataclass(frozen=True)
class OtherWay:
    """A way to see an object that no account's rights give, such as a public link."""

    text: str
    by: str  # who opened it
    state: str = "active"


def no_other_ways(_: Any) -> Sequence[OtherWay]:
    return ()


@dataclass(frozen=True)
class Shareable:
    """One kind of object with rights of its own.

    `see` is the permission without which no grant helps, `change` the one that lets owners change
    their own, `administer` the one whose holders see and change all.
    """

    kind: str
    label: str
    model: type[Model]
    see: str
    change: str
    administer: str
    is_open: Q = NOTHING  # the rows that all who may `see` such things see
    open_words: str = "It is public"
    change_is_open: Q = NOTHING  # the rows that all who may `change` such things may change
    inherits: Q = EVERYTHING  # the rows that have the rights of their folder
    has_folder: bool = True
    may_be_public: bool = True  # by a field `is_public`
    may_be_protected: bool = False  # by a field `is_protected`, from `change_is_open`
    icon: str = "folder"
    is_makers: bool = True  # whoever made one sees it, and owns it as long as they may `change`
    url: Callable[[Any], str] = lambda row: str(row.get_absolute_url())
    other_ways: Callable[[Any], Sequence[OtherWay]] = no_other_ways
    other_ways_url: Callable[[Any], str] | None = None  # where who administers it changes them

    @property
    def plural(self) -> str:
        return f"{self.label.lower()}s"

    @property
    def folder_field(self) -> str:
        """Name the column that holds the innermost folder whose rights reach a row; "" for none."""
        if self.kind == FOLDER:
            return "pk"
        return "folder_id" if self.has_folder else ""


shareables: Registry[Shareable] = Registry("kind of object")
FOLDERS = shareables.add(
    Shareable(
        FOLDER,
        "Folder",
        Folder,
        see=VIEW_FOLDER,
        change=CHANGE_FOLDER,
        administer=ADMINISTER_FOLDERS,
    )
)


def kind_of(model: type[Model]) -> Shareable | None:
    """Return the entry of a model; None for one that cannot be shared."""
    return next((entry for entry in shareables if entry.model is model), None)


def entry_of(row: Model) -> Shareable:
    """Return the entry of an object's model. Raises LookupError for one that cannot be shared."""
    found = kind_of(type(row))
    if found is None:
        raise LookupError(f"{type(row).__name__} cannot be shared")
    return found
