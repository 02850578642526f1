"""The app."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AseqConfig(AppConfig):
    """``INSTALLED_APPS = ["aseq.django", ...]``."""

    name = "aseq.django"
    label = "aseq"
    verbose_name = _("Gapless sequences")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from . import checks  # noqa: F401
