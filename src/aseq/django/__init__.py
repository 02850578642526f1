"""aseq for Django: an installable app (``INSTALLED_APPS = ["aseq.django", ...]``).

`aseq.django.sync` has the functions for sync code.
"""
