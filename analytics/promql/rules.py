"""Whose rules the API tells of: whoever evaluates rules registers here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from portal.accounts.models import User
from portal.lib.registry import Registry


class RuleKeeper(Protocol):
    """Somebody who evaluates rules. Both answer what `user` may see, in the shapes of Prometheus's
    /api/v1/rules (its groups) and /api/v1/alerts.
    """

    @property
    def kind(self) -> str: ...

    @property
    def label(self) -> str: ...

    def groups(self, user: User) -> Sequence[dict[str, Any]]: ...

    def alerts(self, user: User) -> Sequence[dict[str, Any]]: ...


keepers: Registry[RuleKeeper] = Registry("keeper of rules")
