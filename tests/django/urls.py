"""The URLs of the tests' Django project."""

from __future__ import annotations

from django.apps import apps
from django.contrib import admin
from django.urls import path

from .shop import views

urlpatterns = [
    path("issue/<name>", views.issue),
    path("two/<name>", views.two),
]
if apps.is_installed("django.contrib.admin"):
    urlpatterns.append(path("admin/", admin.site.urls))
