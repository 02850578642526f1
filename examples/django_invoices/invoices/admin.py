"""Look at invoices."""

from __future__ import annotations

from django.contrib import admin

from .models import Invoice

admin.site.register(Invoice, list_display=("number", "amount"), readonly_fields=("number",))
