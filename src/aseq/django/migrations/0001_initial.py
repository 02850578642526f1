"""Create the table of sequences: `ASEQ_TABLE`, unless it is that of django-sequences."""

from __future__ import annotations

from django.db import migrations, models

from aseq.django import conf
from aseq.django.operations import CreateSequenceTable


class Migration(migrations.Migration):
    initial = True

    operations = [
        CreateSequenceTable(
            name="Sequence",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=100, primary_key=True, serialize=False, verbose_name="name"
                    ),
                ),
                ("last", models.BigIntegerField(verbose_name="last value")),
            ],
            options={
                "verbose_name": "sequence",
                "verbose_name_plural": "sequences",
                "db_table": conf.db_table(),
                "managed": conf.managed(),
                "default_permissions": ("view", "delete"),
                "permissions": (("advance_sequence", "Can advance sequence"),),
            },
        ),
    ]
