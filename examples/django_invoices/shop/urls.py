"""URLs."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from invoices import credit_notes
from invoices.views import invoices, issue_async

urlpatterns = [
    path("admin/", admin.site.urls),
    path("invoices/", invoices),
    path("invoices/async/", issue_async),
    path("credit-notes/", credit_notes.create),
    path("credit-notes/<int:key>/number/", credit_notes.number),
]
