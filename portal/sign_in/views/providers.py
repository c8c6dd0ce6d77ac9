"""The admin's page of signing in: the rules, and the identity providers."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from portal.accounts.access import fetch, visible
from portal.accounts.decorators import staff_page
from portal.accounts.requests import StaffRequest
from portal.lib.field_error import FieldError
from portal.sign_in import providers
from portal.sign_in.actions import add_provider, change_policy, change_provider, remove_provider
from portal.sign_in.actions.provisioning import make_scim_token, revoke_scim_token
from portal.sign_in.forms import PolicyForm, ProviderForm
from portal.sign_in.models import CHANGE, OIDC, SAML, IdentityProvider, ScimToken, ScimUser
from portal.sign_in.started import policy


@require_http_methods(["GET", "POST"])
@staff_page(CHANGE)
def overview(request: StaffRequest) -> HttpResponse:
    """Show who may come in and how; set the rules for everybody."""
    form = PolicyForm(request.POST or None, rules=policy())
    if request.method == "POST" and form.is_valid():
        try:
            change_policy(request.user, form.wanted())
        except FieldError as error:
            form.add_error(error.field, error.message)
        else:
            messages.success(request, "The rules are changed.")
            return redirect("sign-in")
    context = {
        "form": form,
        "rows": visible(request.user, IdentityProvider),
        "given": providers.from_settings(),
    }
    status = 400 if form.errors else 200
    return render(request, "sign_in/overview.html", context, status=status)


@require_http_methods(["GET", "POST"])
@staff_page(CHANGE)
def add(request: StaffRequest, protocol: str) -> HttpResponse:
    form = ProviderForm(request.POST or None, protocol=protocol)
    if request.method == "POST" and form.is_valid():
        try:
            made = add_provider(request.user, form.cleaned_data["slug"], form.draft())
        except FieldError as error:
            form.refuse(error)
        else:
            messages.success(request, f"Staff can sign in with {made} now.")
            return redirect("identity-provider", made.pk)
    return form_page(request, form, None)


@require_http_methods(["GET", "POST"])
@staff_page(CHANGE)
def change(request: StaffRequest, provider_id: int) -> HttpResponse:
    provider = fetch(request.user, IdentityProvider, edit=True, pk=provider_id)
    form = ProviderForm(request.POST or None, protocol=provider.protocol, provider=provider)
    if request.method == "POST" and form.is_valid():
        try:
            change_provider(request.user, provider, form.draft())
        except FieldError as error:
            form.refuse(error)
        else:
            messages.success(request, f"{form.cleaned_data['name']} is changed.")
            return redirect("identity-provider", provider.pk)
    return form_page(request, form, provider)


@require_POST
@staff_page(CHANGE)
def remove(request: StaffRequest, provider_id: int) -> HttpResponse:
    provider = fetch(request.user, IdentityProvider, edit=True, pk=provider_id)
    try:
        remove_provider(request.user, provider)
    except FieldError as error:
        messages.error(request, error.message)
        return redirect("identity-provider", provider_id)
    messages.success(request, f"Nobody can sign in with {provider} any more.")
    return redirect("sign-in")


def form_page(
    request: HttpRequest, form: ProviderForm, provider: IdentityProvider | None
) -> HttpResponse:
    context = {
        "form": form,
        "provider": provider,
        "protocol": form.protocol,
        "addresses": addresses(request, provider) if provider else [],
    }
    status = 400 if form.errors else 200
    return render(request, "sign_in/provider.html", context, status=status)


def addresses(request: HttpRequest, provider: IdentityProvider) -> list[tuple[str, str]]:
    """Return what the provider has to be told about the portal."""
    names: dict[str, list[tuple[str, str]]] = {
        OIDC: [
            ("Redirect address", "openid_connect_callback"),
            ("Back-channel logout address", "sso-back-channel"),
        ],
        SAML: [
            ("Assertion consumer address", "saml_acs"),
            ("Metadata, and entity id", "saml_metadata"),
        ],
    }
    return [
        (label, request.build_absolute_uri(reverse(name, args=[provider.slug])))
        for label, name in names[provider.protocol]
    ]


@require_http_methods(["GET", "POST"])
@staff_page(CHANGE)
@never_cache
def scim(request: StaffRequest, slug: str) -> HttpResponse:
    """Let a provider make and end accounts by itself: its token is in this answer, and nowhere else."""
    provider = providers.named(slug)
    if provider is None:
        raise Http404
    text = ""
    if request.method == "POST" and "revoke" in request.POST:
        revoke_scim_token(request.user, provider)
        messages.success(request, f"{provider} can no longer change accounts.")
    elif request.method == "POST":
        text = make_scim_token(request.user, provider)
    context = {
        "provider": provider,
        "token": ScimToken.objects.filter(provider=slug).first(),
        "text": text,
        "base": request.build_absolute_uri("/scim/v2"),
        "accounts": ScimUser.objects.filter(provider=slug).count(),
    }
    return render(request, "sign_in/scim.html", context)
