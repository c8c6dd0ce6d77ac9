"""What the demo's identity provider is told: its people, its one client, its keys. No Django here:
the supervisor reads this, too.

All secrets are made on the first start and kept in <data dir>/run/demo-sso.json, owner only.
"""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CLIENT_ID = "portal"
ROLE_MAP = {
    "portal-admins": "admin",
    "analysts": "analyst",
    "on-call": "responder",
    "everyone": "viewer",
}
# Name and groups; whoever is in it-desk may change groups on the provider's page.
STAFF = {
    "Ines Insight": ("everyone", "analysts"),
    "Otis Oncall": ("everyone", "on-call"),
    "Ida Desk": ("everyone", "it-desk", "portal-admins"),
}
GROUPS = (*ROLE_MAP, "it-desk")


@dataclass(frozen=True)
class Person:
    name: str
    email: str
    password: str
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Company:
    port: int
    portal_port: int
    client_secret: str
    secret_key: str
    signing_key: str
    people: tuple[Person, ...]

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def file_of(data_dir: Path) -> Path:
    return data_dir / "run" / "demo-sso.json"


def database_of(data_dir: Path) -> Path:
    return data_dir / "run" / "demo-sso.sqlite3"


def read(data_dir: Path) -> Company:
    """Return what was written down. Raises OSError or ValueError when nothing usable was."""
    found = json.loads(file_of(data_dir).read_text())
    people = tuple(
        Person(**{**person, "groups": tuple(person["groups"])}) for person in found.pop("people")
    )
    return Company(people=people, **found)


def founded(data_dir: Path, *, port: int, portal_port: int) -> Company:
    """Return the company at these ports; people and secrets are those of before, if there were."""
    try:
        before = read(data_dir)
        made = Company(**{**before.__dict__, "port": port, "portal_port": portal_port})
    except (OSError, ValueError, KeyError, TypeError):
        made = new_company(port, portal_port)
    write(data_dir, made)
    return made


def new_company(port: int, portal_port: int) -> Company:
    return Company(
        port=port,
        portal_port=portal_port,
        client_secret=secrets.token_urlsafe(32),
        secret_key=secrets.token_urlsafe(50),
        signing_key=new_signing_key(),
        people=tuple(
            Person(
                name, f"{name.lower().replace(' ', '.')}@example.com", secrets.token_urlsafe(12), of
            )
            for name, of in STAFF.items()
        ),
    )


def new_signing_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def write(data_dir: Path, company: Company) -> None:
    file = file_of(data_dir)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        json.dump(asdict(company), stream)
    draft.replace(file)


def settings_of(company: Company) -> dict[str, str]:
    """Return the settings with which a portal signs people in through this provider."""
    return {
        "OIDC_ISSUER": company.issuer,
        "OIDC_CLIENT_ID": CLIENT_ID,
        "OIDC_CLIENT_SECRET": company.client_secret,
        "OIDC_NAME": "demo SSO",
        "OIDC_SCOPES": "openid profile email groups",
        "OIDC_ROLE_CLAIM": "groups",
        "OIDC_TEAM_CLAIM": "groups",
        "OIDC_ROLE_MAP": json.dumps(ROLE_MAP),
        "OIDC_ALLOWED_DOMAINS": "example.com",
    }
