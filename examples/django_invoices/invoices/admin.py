"""Look at invoices."""

from __future__ import annotations

from django.contrib import admin

from .models import CreditNote, Invoice

admin.site.register(Invoice, list_display=("number", "amount"), readonly_fields=("number",))
admin.site.register(CreditNote, list_display=("number", "amount", "issued_at"))
