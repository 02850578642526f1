"""What the application stores."""

from tortoise import fields
from tortoise.models import Model


class Invoice(Model):
    """An invoice; its number is what an auditor looks at."""

    id = fields.IntField(primary_key=True)
    # UNIQUE: the database itself would refuse a number that was used before.
    number = fields.BigIntField(unique=True)
    customer = fields.CharField(max_length=100)
    cents = fields.BigIntField()

    class Meta:
        table = "invoice"
