"""The table of sequences."""

from __future__ import annotations

from tortoise import migrations

from aseq.tortoise.operations import CreateSequenceTable


class Migration(migrations.Migration):
    """The table of sequences."""

    initial = True
    operations = [CreateSequenceTable()]  # noqa: RUF012  # Tortoise's own shape
