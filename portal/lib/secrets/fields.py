"""A model's field whose value stands encrypted in the database, and is decrypted only when asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import models

from portal.lib.secrets import encryption

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


@dataclass(frozen=True)
class Secret:
    """An encrypted value. It shows itself to nobody by accident: logs, forms and diffs see ***."""

    encrypted: str
    purpose: str

    def reveal(self) -> str:
        """Return the text. Raises Undecryptable."""
        return encryption.decrypt(self.encrypted, self.purpose)

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"


class SecretField(models.TextField):  # type: ignore[type-arg]  # cannot be subscripted when it runs
    """Keeps a text encrypted. Assign a text; read a `Secret`, and its text by `reveal()`.

    None and the empty text stay what they are. It cannot be searched. `manage.py rotate_secrets`
    finds every field of this kind.
    """

    # What the type checker takes its values for.
    _pyi_private_set_type: Any
    _pyi_private_get_type: Any

    @property
    def purpose(self) -> str:
        """Return what its values are bound to. Does not survive a rename of model or field."""
        return f"{self.model._meta.label_lower}.{self.attname}"

    def from_db_value(self, value: str | None, *_: object) -> Secret | str | None:
        return Secret(value, self.purpose) if value else value

    def to_python(self, value: Any) -> Any:
        return value

    def get_prep_value(self, value: Any) -> Any:
        if isinstance(value, Secret):
            return value.encrypted
        return encryption.encrypt(value, self.purpose) if value else value

    def get_db_prep_value(
        self, value: Any, connection: BaseDatabaseWrapper, prepared: bool = False
    ) -> Any:
        return value if prepared else self.get_prep_value(value)

    def value_to_string(self, obj: models.Model) -> str:
        """Leave the value out of serialized rows."""
        return ""
