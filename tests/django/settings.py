"""Settings of the tests' Django project. The environment says where its databases are.

In the test run itself, `conftest` fills them in once the server is there.
"""

from __future__ import annotations

import json
import os
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

MysqlDriver = Literal["PyMySQL", "mysqlclient"]

POOL: dict[str, Any] = {}
if "ASEQ_DJANGO_POOL" in os.environ:
    POOL = {"pool": {"min_size": 1, "max_size": int(os.environ["ASEQ_DJANGO_POOL"])}}


def postgres(url: str) -> dict[str, Any]:
    """A database of `DATABASES`, from its URL."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": {"application_name": "aseq-tests"} | POOL,
        "CONN_MAX_AGE": int(os.environ.get("ASEQ_DJANGO_MAX_AGE", "0")),
    }


def sqlite(path: str) -> dict[str, Any]:
    """A database of `DATABASES`, in a file also when Django's test runner makes it."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "timeout": 60},
        "TEST": {"NAME": path + ".test"},
    }


def mariadb(url: str, driver: MysqlDriver = "PyMySQL") -> dict[str, Any]:
    """A database of `DATABASES`, on MariaDB or MySQL."""
    parts = urlsplit(url)
    engines = {
        "PyMySQL": "devtools.on_pymysql",
        "mysqlclient": "django.db.backends.mysql",
    }
    return {
        "ENGINE": engines[driver],
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }


POSTGRES_URL = os.environ.get("ASEQ_DJANGO_POSTGRES", "postgresql://127.0.0.1/none")
SQLITE_FILE = os.environ.get("ASEQ_DJANGO_SQLITE", "none.sqlite3")

DATABASES = {"default": postgres(POSTGRES_URL), "sqlite": sqlite(SQLITE_FILE)}
INSTALLED_APPS = [
    "aseq.django",
    "tests.django.shop",
    "sequences",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING_CONFIG = None
ROOT_URLCONF = "tests.django.urls"
SECRET_KEY = "tests"
STATIC_URL = "static/"
TIME_ZONE = "UTC"
USE_TZ = True

# Whatever a test's own process is to run with.
globals().update(json.loads(os.environ.get("ASEQ_DJANGO_SETTINGS", "{}")))
