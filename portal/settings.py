"""Every setting of the portal, typed, from the environment; docs/settings.md explains them."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from portal.accounts.roles import ROLES
from portal.embedded import endpoints
from portal.lib.env import Env, Misconfigured
from portal.lib.http.addresses import PRIVATE_NETWORKS

BASE_DIR = Path(__file__).resolve().parent.parent


def secret_key(data_dir: Path) -> str:
    """Return the key kept beside the data; make it on the first start."""
    file = data_dir / "run" / "secret-key"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f"secret-key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(50))
        try:
            os.link(draft, file)  # the first of two racing processes wins
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return file.read_text()


def database(url: str) -> dict[str, Any]:
    """Translate postgresql://user:pass@host:port/name?host=/socket/dir into Django's form."""
    reachable = bool(url)
    # Without a URL the name resolves, so that commands load and say themselves what is missing.
    url = url or "postgresql:///portal?host=/nonexistent"
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    return {
        "ENGINE": "portal.lib.postgres",
        "NAME": unquote(parts.path.lstrip("/")) or "portal",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.get("host", [parts.hostname or ""])[0],
        "PORT": str(parts.port or query.get("port", [""])[0]),
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": True,
        # Without a server to reach, a pool would only make commands wait before they say so.
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 12, "timeout": 10}} if reachable else {},
        "ATOMIC_REQUESTS": False,
    }


def redis_location(url: str) -> str:
    """redis-py knows Valkey by the name of redis only."""
    return url.replace("valkey://", "redis://", 1).replace("valkeys://", "rediss://", 1)


try:
    environment = Env.from_process()
    DATA_DIR = environment.path("PORTAL_DATA_DIR", BASE_DIR / "var")
    env = Env({**endpoints.read(DATA_DIR), **environment.values})

    DEBUG = env.flag("PORTAL_DEBUG", default=False)
    PORT = env.integer("PORTAL_PORT", 8000, low=1, high=65535)
    HOST = env.text("PORTAL_HOST", "127.0.0.1")
    BASE_URL = env.url("PORTAL_BASE_URL", ("http", "https"), "https://portal.example.com")
    PORTAL_TIME_ZONE = env.zone("PORTAL_TIME_ZONE", "UTC")
    METRIC_PREFIX = env.prefix("PORTAL_METRIC_PREFIX", "tanqory_")
    ENVIRONMENT_NAME = env.text("PORTAL_ENVIRONMENT", "")
    LOG_FORMAT = env.text("PORTAL_LOG_FORMAT", "text")
    DATABASE_URL = env.url(
        "DATABASE_URL", ("postgresql", "postgres"), "postgresql://user:pass@host:5432/portal"
    )
    REDIS_URL = env.url(
        "REDIS_URL", ("redis", "rediss", "valkey", "valkeys", "unix"), "redis://host:6379/0"
    )
    CLICKHOUSE_URL = env.url(
        "CLICKHOUSE_URL", ("http", "https"), "http://user:pass@host:8123/portal"
    )
    CLICKHOUSE_CLUSTER = environment.name("CLICKHOUSE_CLUSTER", needs="CLICKHOUSE_URL")
    EMAIL_URL = env.url("EMAIL_URL", ("smtp", "smtps"), "smtp://user:pass@host:587")
    OIDC_ISSUER = env.url("OIDC_ISSUER", ("https", "http"), "https://login.example.com")
    OIDC_CLIENT_ID = env.needed("OIDC_CLIENT_ID", by="OIDC_ISSUER")
    OIDC_CLIENT_SECRET = env.needed("OIDC_CLIENT_SECRET", by="OIDC_ISSUER")
    OIDC_NAME = env.text("OIDC_NAME", "SSO")[:40]
    OIDC_SCOPES = env.text("OIDC_SCOPES", "openid profile email")
    OIDC_ROLE_CLAIM = env.text("OIDC_ROLE_CLAIM")
    OIDC_ROLE_MAP = env.mapping("OIDC_ROLE_MAP", tuple(ROLES))
    OIDC_TEAM_CLAIM = env.text("OIDC_TEAM_CLAIM")
    OIDC_ALLOWED_DOMAINS = env.texts("OIDC_ALLOWED_DOMAINS")
    OIDC_LINK_ACCOUNTS = env.flag("OIDC_LINK_ACCOUNTS", default=False)
    OIDC_TRUST_ADDRESSES = env.flag("OIDC_TRUST_ADDRESSES", default=False)
    if OIDC_LINK_ACCOUNTS:
        env.needed("OIDC_ALLOWED_DOMAINS", by="OIDC_LINK_ACCOUNTS")
    FAST_FORMS = env.words("PORTAL_FAST_FORMS", ("columns", "rollups", "rows"))
    PROMQL_FEATURES = env.words(
        "PORTAL_PROMQL_FEATURES",
        ("promql-experimental-functions", "promql-delayed-name-removal"),
        unless_told=(),
    )
    KEPT_MAX_BYTES = env.integer("PORTAL_KEPT_MAX_MB", 8192, low=1, high=10_000_000) << 20
    KEPT_MEMORY_BYTES = env.integer("PORTAL_KEPT_MEMORY_MB", 256, low=0, high=10_000_000) << 20
    SPOOL_MAX_BYTES = env.integer("PORTAL_SPOOL_MAX_MB", 8192, low=1, high=10_000_000) << 20
    DISK_RESERVE_BYTES = env.integer("PORTAL_DISK_RESERVE_MB", 512, low=0, high=10_000_000) << 20
    SECRET_KEY = env.text("PORTAL_SECRET_KEY") or secret_key(DATA_DIR)
    SECRET_KEY_FALLBACKS = env.texts("PORTAL_OLD_SECRET_KEYS")
    MOST_SERIES = env.integer("PORTAL_MOST_SERIES", 1_000_000, low=1, high=1_000_000_000)
    MOST_SERIES_PER_SOURCE = env.integer(
        "PORTAL_MOST_SERIES_PER_SOURCE", 100_000, low=1, high=1_000_000_000
    )
    API_PER_MINUTE = env.integer("PORTAL_API_PER_MINUTE", 1_200, low=0, high=1_000_000)
    PUBLIC_LINKS = env.flag("PORTAL_PUBLIC_LINKS", default=False)
    PUBLIC_PER_MINUTE = env.integer("PORTAL_PUBLIC_PER_MINUTE", 120, low=0, high=1_000_000)
    EMBED_HOSTS = env.origins("PORTAL_EMBED_HOSTS")
    SHOWN_HOSTS = env.origins("PORTAL_SHOWN_HOSTS")
    SNAPSHOT_MAX_BYTES = env.integer("PORTAL_SNAPSHOT_MAX_MB", 8, low=1, high=256) << 20
    AUDIT_KEY_FILE = env.path("PORTAL_AUDIT_KEY_FILE", DATA_DIR / "run" / "audit-key")
    AUDIT_HEADS_TO = env.place("PORTAL_AUDIT_HEADS_TO")
    HEALTH_CHECKS = env.addresses("PORTAL_HEALTH_CHECKS", ("postgresql", "valkey", "engine"))
    INTERNAL_HOSTS = env.texts("PORTAL_INTERNAL_HOSTS")
    SCRAPE_HOSTS = env.texts("PORTAL_SCRAPE_HOSTS") or PRIVATE_NETWORKS
    SCRAPE_LISTS = env.path("PORTAL_SCRAPE_LISTS", DATA_DIR / "scrape")
    SCRAPE_MAX_BYTES = env.integer("PORTAL_SCRAPE_MAX_MB", 32, low=1, high=1024) << 20
    SECRET_KEYS_FILE = env.path("PORTAL_SECRET_KEYS_FILE", DATA_DIR / "run" / "secret-keys")
except Misconfigured as problem:
    sys.exit(str(problem))

AUDIT_DIR = DATA_DIR / "audit"
PUBLIC_URL = BASE_URL or f"http://{'127.0.0.1' if HOST in {'0.0.0.0', '::'} else HOST}:{PORT}"  # noqa: S104
SERVED_BY_HTTPS = PUBLIC_URL.startswith("https://")

ALLOWED_HOSTS = (
    [urlsplit(BASE_URL).hostname or "", "127.0.0.1", "localhost"]
    if BASE_URL
    else ["127.0.0.1", "localhost", "[::1]", HOST]
)
CSRF_TRUSTED_ORIGINS = [BASE_URL] if BASE_URL else []

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "portal.accounts.apps.StaffAdminConfig",
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.socialaccount.providers.saml",
    "allauth.mfa",
    "rest_framework",
    "drf_spectacular",
    "channels",
    "portal",
    "portal.accounts",
    "portal.sign_in",
    "portal.audit",
    "portal.store",
    "portal.live",
    "analytics.series",
    "analytics.ingest",
    "analytics.insights",
    "analytics.privacy",
    "analytics.promql",
    "analytics.collect",
    "dashboards",
]

MIDDLEWARE = [
    "portal.lib.measure.MeasureMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "portal.lib.static_files.StaticFilesMiddleware",
    "portal.lib.requests.RequestMiddleware",
    "portal.lib.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "portal.sign_in.middleware.SessionRulesMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "portal.urls"
ASGI_APPLICATION = "portal.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.navigation.context",
            ],
        },
    }
]

DATABASES = {"default": database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "portal.lib.cache.FailOpenRedisCache",
        "LOCATION": redis_location(REDIS_URL) or "redis://127.0.0.1:1/0",
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 1.0},
    }
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [redis_location(REDIS_URL) or "redis://127.0.0.1:1/0"]},
    }
}

CELERY_BROKER_URL = (
    REDIS_URL.replace("unix://", "redis+socket://", 1)
    if REDIS_URL.startswith("unix")
    else redis_location(REDIS_URL)
)

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backends.StaffBackend"]
PASSWORD_HASHERS = ["portal.accounts.hashers.FrugalArgon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_ADAPTER = "portal.sign_in.adapter.StaffAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_LOGOUT_REDIRECT_URL = "/accounts/login/"
ACCOUNT_FORMS = {
    "login": "portal.sign_in.forms.LoginForm",
    "reset_password": "portal.sign_in.forms.ResetPasswordForm",
    "reset_password_from_key": "portal.accounts.forms.ResetPasswordKeyForm",
    "change_password": "portal.accounts.forms.ChangePasswordForm",
}
# A stranger's typing must not make the portal send mail to somebody who has no account here.
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key", "reset_password": "20/m/ip,5/m/key"}
SOCIALACCOUNT_ADAPTER = "portal.sign_in.sso.SsoAdapter"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
MFA_ADAPTER = "portal.sign_in.second_factor.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not SERVED_BY_HTTPS  # localhost only, browsers see to that
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60

SESSION_ENGINE = "portal.sign_in.sessions"
SESSION_COOKIE_AGE = 24 * 60 * 60  # before the sign-in; afterwards its rules say how long
# Cookies ignore ports: the host's other services, and two portals on one host, must not collide.
COOKIE_PREFIX = "__Host-portal" if SERVED_BY_HTTPS else f"portal-{PORT}"
SESSION_COOKIE_NAME = f"{COOKIE_PREFIX}-session"
CSRF_COOKIE_NAME = f"{COOKIE_PREFIX}-csrf"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SERVED_BY_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if SERVED_BY_HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if SERVED_BY_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SERVED_BY_HTTPS
SECURE_SSL_REDIRECT = SERVED_BY_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # probes speak plain HTTP to the process
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = False

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served straight from the source folders: compressing a manifest costs 40 s on the demo's path.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
# Pages name these with a digest of their content, style sheets name fonts with their version.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/(css|js|img)/"

DEFAULT_FROM_EMAIL = SERVER_EMAIL = f"portal@{urlsplit(PUBLIC_URL).hostname}"
if EMAIL_URL:
    _mail = urlsplit(EMAIL_URL)
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _mail.hostname or ""
    EMAIL_PORT = _mail.port or (465 if _mail.scheme == "smtps" else 587)
    EMAIL_HOST_USER = unquote(_mail.username or "")
    EMAIL_HOST_PASSWORD = unquote(_mail.password or "")
    EMAIL_USE_SSL = _mail.scheme == "smtps"
    EMAIL_USE_TLS = not EMAIL_USE_SSL and bool(EMAIL_HOST_USER)
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "outbox"

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.accounts.permissions.StaffPermission"],
    "DEFAULT_THROTTLE_CLASSES": ["portal.accounts.throttling.CallerThrottle"],
    "DEFAULT_RENDERER_CLASSES": ["portal.lib.api.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["portal.lib.api.JSONParser"],
    "URL_FORMAT_OVERRIDE": None,  # ?format= is a field like any other, where there is one
    "DEFAULT_SCHEMA_CLASS": "portal.lib.openapi.PlainSchema",
    "EXCEPTION_HANDLER": "portal.errors.api_exception",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Portal API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["portal.accounts.permissions.StaffPermission"],
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.api_docs.with_intake",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "portal.lib.log.JsonFormatter"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "json"},
        "count": {"class": "portal.lib.instruments.CountErrors", "level": "ERROR"},
    },
    "root": {"handlers": ["stderr", "count"], "level": "INFO"},
    "loggers": {
        "django.request": {"level": "ERROR"},
        "httpx": {"level": "WARNING"},
        # A line for each of a periodic job's three stages, every ten seconds, tells nothing.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
    },
}
