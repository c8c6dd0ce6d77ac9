"""How allauth calls identity providers: through the portal's one way out.

allauth expects a session of the library requests; this is as much of one as it uses. What goes wrong is
an OAuth2Error, for which allauth has a page.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import orjson
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from django.conf import settings

from portal.lib.http import Answer, Call, Failed, Limits, Refused, request

LIMITS = Limits(timeout_s=10.0, max_bytes=2 << 20)


@dataclass(frozen=True)
class ProviderAnswer:
    """An answer with the names that allauth reads."""

    answer: Answer

    @property
    def status_code(self) -> int:
        return self.answer.status

    @property
    def headers(self) -> dict[str, str]:
        found = {name.lower(): value for name, value in self.answer.headers.items()}
        return {"content-type": "", **found}

    @property
    def content(self) -> bytes:
        return self.answer.body

    @property
    def text(self) -> str:
        return self.answer.body.decode(errors="replace")

    def json(self) -> Any:
        try:
            return orjson.loads(self.answer.body)
        except orjson.JSONDecodeError as error:
            raise OAuth2Error("The provider did not answer with JSON.") from error

    def raise_for_status(self) -> None:
        if not 200 <= self.answer.status < 300:
            raise OAuth2Error(f"The provider answered {self.answer.status}.")


class ProviderSession:
    def __enter__(self) -> ProviderSession:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is kept open."""

    def get(self, url: str, headers: Mapping[str, str] | None = None) -> ProviderAnswer:
        return self.request("GET", url, headers=headers)

    def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: Any = None,
    ) -> ProviderAnswer:
        """Call a provider. Raises OAuth2Error."""
        sent = {"Accept": "application/json", **(headers or {})}
        if data is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        if auth is not None:
            pair = f"{auth.username}:{auth.password}".encode()
            sent["Authorization"] = f"Basic {b64encode(pair).decode()}"
        target = f"{url}?{urlencode(params)}" if params else url
        body = urlencode(data).encode() if data is not None else None
        try:
            check_encryption(target)
            return ProviderAnswer(
                request(Call(method, target, sent, body), limits=LIMITS, named=named(target))
            )
        except (Refused, Failed) as error:
            raise OAuth2Error(str(error)) from error


def named(url: str) -> tuple[str, ...]:
    """Return the host of the issuer of the settings, when that is what is called: who sets it has
    said that the portal may.
    """
    ours, theirs = urlsplit(settings.OIDC_ISSUER), urlsplit(url)
    is_ours = (ours.scheme, ours.netloc) == (theirs.scheme, theirs.netloc)
    return (theirs.hostname,) if is_ours and theirs.hostname else ()


def check_encryption(url: str) -> None:
    """Raise Refused for plain http beyond this machine."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise Refused(f"{url} is not encrypted; identity providers need https.")
