"""Bring the provider's database to what the company file says; groups changed since then stay."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from allauth.idp.oidc.models import Client
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group, User

from portal.demo_sso.company import CLIENT_ID, GROUPS, Company, Person


def provision(company: Company) -> None:
    for name in GROUPS:
        Group.objects.get_or_create(name=name)
    for person in company.people:
        hire(person)
    register(company)


def hire(person: Person) -> None:
    user, is_new = User.objects.get_or_create(username=person.email)
    if not is_new:
        return
    first, _, last = person.name.partition(" ")
    user.email, user.first_name, user.last_name = person.email, first, last
    user.set_password(person.password)
    user.save()
    user.groups.set(Group.objects.filter(name__in=person.groups))
    EmailAddress.objects.create(user=user, email=person.email, verified=True, primary=True)


def register(company: Company) -> None:
    """Make the portal known, at its address of today."""
    client, _ = Client.objects.get_or_create(pk=CLIENT_ID, defaults={"name": "Portal"})
    client.secret = make_password(company.client_secret)
    client.skip_consent = True
    client.set_scopes(["openid", "profile", "email", "groups"])
    client.set_redirect_uris(
        [
            f"http://{host}:{company.portal_port}/accounts/sso/sso/callback/"
            for host in ("127.0.0.1", "localhost")
        ]
    )
    client.save()
