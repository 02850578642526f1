"""Rows that carry numbers."""

from __future__ import annotations

from django.db import models

from aseq.django.fields import NumberingField, SequenceField

from .numbers import letter_numbers


class Saved(models.Model):
    name = models.CharField(max_length=100)
    number = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.number}"


class Invoice(models.Model):
    number = models.BigIntegerField(unique=True)

    def __str__(self) -> str:
        return f"Invoice {self.number}"


class Case(models.Model):
    """A row that numbers itself; its text breaks a constraint if it is there twice."""

    number = SequenceField("cases", initial_value=1000, unique=True)
    text = models.CharField(max_length=20, unique=True)
    amount = models.IntegerField(default=0)

    def __str__(self) -> str:
        return f"Case {self.number}"


class Order(models.Model):
    """Two numbers, of which one comes with its moment."""

    tenant = models.CharField(max_length=20)
    number = NumberingField(
        "tests.django.shop.numbers:order_numbers",
        scope={"tenant": "tenant"},
        at_field="issued_at",
    )
    issued_at = models.DateTimeField(editable=False)
    place = SequenceField("orders-of", scope={"tenant": "tenant"})

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=["tenant", "number"], name="order_number"),
            models.UniqueConstraint(fields=["tenant", "place"], name="order_place"),
        )

    def __str__(self) -> str:
        return f"Order {self.number}"


class Letter(models.Model):
    number = NumberingField(letter_numbers, unique=True)

    def __str__(self) -> str:
        return f"Letter {self.number}"


class Express(Letter):
    """A row in two tables."""

    hours = models.IntegerField(default=1)


class Draft(models.Model):
    """Gets its number late."""

    tenant = models.CharField(max_length=10, null=True)
    day = models.DateField(null=True)
    number = models.BigIntegerField(null=True, unique=True)
    code = models.CharField(max_length=50, null=True, unique=True, db_column="the code")

    def __str__(self) -> str:
        return f"Draft {self.pk}"


class Paper(models.Model):
    """A row that gets its number late; one with a bad text gets none."""

    text = models.CharField(max_length=20, default="")
    tenant = models.CharField(max_length=20, default="", db_column="Of tenant")
    number = models.BigIntegerField(null=True, unique=True, db_column="The number")
    code = models.CharField(max_length=40, null=True, unique=True)
    issued_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "Shop's papers"
        constraints = (
            models.CheckConstraint(
                condition=~models.Q(text="bad") | models.Q(number=None, code=None),
                name="paper_is_good",
            ),
        )

    def __str__(self) -> str:
        return f"Paper {self.number}"
