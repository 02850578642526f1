"""The table of sequences as a model: for the routers, the admin and the migration."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from aseq._core.spec import NAME_LIMIT

from . import conf


class Sequence(models.Model):
    """A row per sequence. Draw with the functions of `aseq.django.sync`, never by hand."""

    name = models.CharField(_("name"), max_length=NAME_LIMIT, primary_key=True)
    last = models.BigIntegerField(_("last value"))

    class Meta:
        db_table = conf.db_table()
        managed = conf.managed()
        default_permissions = ("view", "delete")
        permissions = (("advance_sequence", "Can advance sequence"),)
        verbose_name = _("sequence")
        verbose_name_plural = _("sequences")

    def __str__(self) -> str:
        return self.name
