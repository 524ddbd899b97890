"""Every setting of the product. Only this file reads the environment; `.env.example` lists what it reads."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONCE, NONE, SELF

from wenming.config import embedded
from wenming.locale import catalogues

embedded.use_newest_library()
import sqlite3  # noqa: E402  (after the choice of library above)

PACKAGE = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("WENMING_DATA", "data")).resolve()


def _kept(name: str, make: str) -> str:
    """A secret that is made once and kept in the data folder, readable by its owner alone."""
    path = DATA / name
    if not path.exists():
        DATA.mkdir(parents=True, exist_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(make)
    return path.read_text().strip()


def _mode() -> str:
    """production, demo or test; a demo folder says so itself, in the file `mode`."""
    path = DATA / "mode"
    return os.environ.get("WENMING_MODE") or (path.read_text().strip() if path.exists() else "production")


MODE = _mode()
SECRET_KEY = os.environ.get("WENMING_SECRET_KEY") or _kept("secret.key", secrets.token_urlsafe(48))
VAULT_KEY = os.environ.get("WENMING_VAULT_KEY") or _kept("vault.key", secrets.token_hex(32))
TEST_CLOCK = os.environ.get("WENMING_TEST_CLOCK", "")
if TEST_CLOCK and MODE not in ("demo", "test"):
    raise SystemExit("--test-clock 只能用在演示或测试的数据夹上。 / --test-clock is for demo and test data folders only.")
DEBUG = False
ALLOWED_HOSTS = [host for host in os.environ.get("WENMING_HOSTS", "127.0.0.1,localhost,[::1],testserver").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("WENMING_ORIGINS", "").split(",") if origin]
IS_HTTPS = os.environ.get("WENMING_HTTPS", "") == "1"
OFFLINE = os.environ.get("WENMING_OFFLINE", "1") != "0"

ROOMS = [
    "ledger",
    "identity",
    "inbox",
    "organisations",
    "depositors",
    "notices",
    "rulebooks",
    "deeds",
    "funds",
    "mall",
    "intake",
]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "csp",
    "wenming.core",
    *(f"wenming.domain.{room}" for room in ROOMS),
    "wenming.ui",
    "wenming.surfaces.villager",
    "wenming.surfaces.console",
    "wenming.surfaces.board",
    "wenming.surfaces.api",
    "wenming.surfaces.cli",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "wenming.surfaces.compress.Compress",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "wenming.surfaces.middleware.LanguageMiddleware",
    "wenming.surfaces.middleware.ContentPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "wenming.surfaces.middleware.LogInFirst",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "wenming.surfaces.middleware.ActorMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "wenming.config.urls"
WSGI_APPLICATION = "wenming.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "DIRS": [PACKAGE / "ui" / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {"environment": "wenming.ui.environment.make"},
    },
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {"context_processors": []},
    },
]
for _surface in ("villager", "console", "board"):
    TEMPLATES[0]["DIRS"].append(PACKAGE / "surfaces" / _surface / "templates")  # type: ignore[attr-defined]


def _database() -> dict[str, object]:
    address = os.environ.get("WENMING_DATABASE_URL", "")
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA / "wenming.sqlite3",
            "TEST": {"NAME": DATA / "test.sqlite3"},
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                # Of the driver's usual 128 the rarer ones were planned anew each time, which takes longer than their answers.
                "cached_statements": 512,
                "init_command": embedded.pragmas(sqlite3.sqlite_version_info),
            },
        }
    parts = urlsplit(address)
    more = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": more.get("host", parts.hostname or ""),
        "PORT": more.get("port", parts.port or ""),
        "OPTIONS": {
            # For what is asked in prepared statements, the books before all: planned once in the life of a connection.
            "prepare_threshold": 5,
            "options": "-c plan_cache_mode=force_generic_plan",
            **({"pool": {"min_size": 1, "max_size": 8}} if MODE != "test" else {}),
        },
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "identity.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "wenming.domain.identity.backends.LoginNameBackend",
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 8}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "villager:login"
LOGIN_REDIRECT_URL = "/"
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_USERNAME_CALLABLE = "wenming.domain.identity.backends.lockout_name"
AXES_SENSITIVE_PARAMETERS = ["username", "password"]
AXES_LOCKOUT_CALLABLE = "wenming.surfaces.middleware.locked_out"
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

SESSION_COOKIE_AGE = 14 * 86400
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SESSION_ENGINE = "wenming.core.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "wenming.surfaces.middleware.csrf_failed"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [catalogues.prepare(DATA / "locale")]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "ui" / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = DATA / "media"
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"waitress.queue": {"level": "ERROR"}},  # more callers than threads is no fault: they wait a moment
}
SILENCED_SYSTEM_CHECKS = ["axes.W003"]
