"""Invoices, numbered without a gap."""

from __future__ import annotations

from django.db import models, transaction

from aseq.django.sync import get_next_value


class InvoiceManager(models.Manager):
    def issue(self, amount: int) -> Invoice:
        """Number and save an invoice, both or neither."""
        with transaction.atomic():
            invoice = self.model(number=get_next_value("invoices"), amount=amount)
            invoice.full_clean()
            invoice.save()
        return invoice


class Invoice(models.Model):
    number = models.BigIntegerField(unique=True)
    amount = models.PositiveIntegerField()

    objects = InvoiceManager()

    def __str__(self) -> str:
        return f"Invoice {self.number}"


class CreditNote(models.Model):
    """A draft without a number, until the issuer gives it one."""

    amount = models.PositiveIntegerField()
    number = models.CharField(max_length=20, null=True, unique=True, editable=False)
    issued_at = models.DateTimeField(null=True, editable=False)

    def __str__(self) -> str:
        return f"Credit note {self.number or '(draft)'}"
