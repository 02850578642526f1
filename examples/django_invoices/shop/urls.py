"""URLs."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from invoices.views import invoices, issue_async

urlpatterns = [
    path("admin/", admin.site.urls),
    path("invoices/", invoices),
    path("invoices/async/", issue_async),
]
