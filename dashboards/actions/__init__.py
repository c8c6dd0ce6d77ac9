"""Everything that people change about dashboards: one module a subject."""

from __future__ import annotations

from dashboards.actions.adding import NewWidget, add_widget, create_dashboard
from dashboards.actions.documents import (
    Place,
    create,
    duplicate,
    remove,
    restore,
    save,
    store,
)
from dashboards.actions.drafts import (
    discard_draft,
    editors_of,
    keep_draft,
    start_editing,
    stop_editing,
)
from dashboards.actions.importing import import_dashboard, import_over
from dashboards.actions.library import (
    change_library_widget,
    keep_in_library,
    remove_from_library,
)

__all__ = [
    "NewWidget",
    "Place",
    "add_widget",
    "change_library_widget",
    "create",
    "create_dashboard",
    "discard_draft",
    "duplicate",
    "editors_of",
    "import_dashboard",
    "import_over",
    "keep_draft",
    "keep_in_library",
    "remove",
    "remove_from_library",
    "restore",
    "save",
    "start_editing",
    "stop_editing",
    "store",
]
