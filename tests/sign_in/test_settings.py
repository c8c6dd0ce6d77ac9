"""OIDC_* in the environment: a wrong value stops the start and says what it should look like."""

from __future__ import annotations

import pytest

from portal.accounts.roles import ROLES
from portal.lib.env import Env, Misconfigured

ROLE_NAMES = tuple(ROLES)


def test_a_role_map_names_roles() -> None:
    found = Env({"OIDC_ROLE_MAP": '{"staff": "viewer"}'}).mapping("OIDC_ROLE_MAP", ROLE_NAMES)

    assert found == {"staff": "viewer"}


@pytest.mark.parametrize("text", ['{"staff": "emperor"}', '["viewer"]', '{"staff": []}', "staff"])
def test_any_other_role_map_stops_the_start(text: str) -> None:
    with pytest.raises(Misconfigured, match=r"OIDC_ROLE_MAP=.* a JSON object .* viewer"):
        Env({"OIDC_ROLE_MAP": text}).mapping("OIDC_ROLE_MAP", ROLE_NAMES)


def test_an_issuer_needs_a_client() -> None:
    env = Env({"OIDC_ISSUER": "https://login.example.com"})

    with pytest.raises(Misconfigured, match="OIDC_ISSUER needs OIDC_CLIENT_ID"):
        env.needed("OIDC_CLIENT_ID", by="OIDC_ISSUER")
