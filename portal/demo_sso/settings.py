"""Settings of the demo's identity provider: a small Django of its own, beside the portal."""

from __future__ import annotations

from pathlib import Path

from portal.demo_sso import company as company_file
from portal.lib.env import Env

HERE = Path(__file__).resolve().parent
DATA_DIR = Env.from_process().path("PORTAL_DATA_DIR", HERE.parent.parent / "var")
COMPANY = company_file.read(DATA_DIR)

SECRET_KEY = COMPANY.secret_key
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "allauth",
    "allauth.account",
    "allauth.idp.oidc",
    "portal.demo_sso",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "portal.demo_sso.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [HERE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": company_file.database_of(DATA_DIR),
    }
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
USE_I18N = False

# Cookies ignore ports: without names of their own they would end the portal's sessions.
SESSION_COOKIE_NAME = f"demo-sso-{COMPANY.port}-session"
CSRF_COOKIE_NAME = f"demo-sso-{COMPANY.port}-csrf"
SESSION_COOKIE_SAMESITE = "Lax"

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["portal.accounts.hashers.FrugalArgon2Hasher"]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.demo_sso.adapters.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login": "600/m/ip"}  # the tests sign in often; guessing stays limited
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
IDP_OIDC_ADAPTER = "portal.demo_sso.adapters.ProviderAdapter"
IDP_OIDC_PRIVATE_KEY = COMPANY.signing_key
