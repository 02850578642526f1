"""URLs."""

from __future__ import annotations

from django.contrib import admin
from django.urls import path

from invoices.views import invoices

urlpatterns = [
    path("admin/", admin.site.urls),
    path("invoices/", invoices),
]
