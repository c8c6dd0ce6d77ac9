"""Folders and teams that are named after somebody."""

from __future__ import annotations

from portal.accounts.models import Folder, Team
from portal.audit.personal import holders
from portal.audit.personal_texts import Texts

holders.add(
    Texts(kind="folders", label="Folders", model=Folder, fields=("name",), unique_field="name")
)
holders.add(Texts(kind="teams", label="Teams", model=Team, fields=("description", "sso_names")))
