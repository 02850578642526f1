"""The table of sequences."""

from __future__ import annotations

from tortoise import migrations

from aseq.adapters.tortoise.operations import CreateSequenceTable


class Migration(migrations.Migration):
    """The table of sequences."""

    initial = True
    operations = [CreateSequenceTable()]  # noqa: RUF012  # Tortoise's own shape
