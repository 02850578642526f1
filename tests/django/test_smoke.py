from django.db import transaction
from aseq.django import sync


def test_a(using, name):
    with transaction.atomic(using=using):
        assert sync.get_next_value(name, using=using) == 1
        assert list(sync.get_next_values(3, name, using=using)) == [2, 3, 4]
        assert sync.advance_to(10, name, using=using) == 10
        assert sync.get_next_value(name, using=using, nowait=True) == 11
        assert sync.get_last_value(name, using=using) == 11
        assert sync.delete(name, using=using)
