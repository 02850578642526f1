"""Rows that carry numbers."""

from __future__ import annotations

from django.db import models


class Saved(models.Model):
    name = models.CharField(max_length=100)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Invoice(models.Model):
    number = models.BigIntegerField(unique=True)

    def __str__(self) -> str:
        return f"Invoice {self.number}"


class Draft(models.Model):
    """Gets its number late."""

    tenant = models.CharField(max_length=10, null=True)
    day = models.DateField(null=True)
    number = models.BigIntegerField(null=True, unique=True)
    code = models.CharField(max_length=50, null=True, unique=True, db_column="the code")

    def __str__(self) -> str:
        return f"Draft {self.pk}"
