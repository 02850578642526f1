"""The URLs of the async views."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("issue/<name>", views.issue),
    path("two/<name>", views.two),
    path("late/<using>/<name>", views.late),
]
