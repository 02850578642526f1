"""The admin: look, search, advance with permission, delete. Nothing goes back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.widgets import AdminBigIntegerFieldWidget
from django.contrib.auth import get_permission_codename
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from aseq._core.arithmetic import MAX

from . import sync
from .models import Sequence
from .take_over import advance


class AdvanceForm(forms.Form):
    """Asks for the new last value, which must be a greater one."""

    value = forms.IntegerField(
        label=gettext_lazy("New last value"),
        max_value=MAX,
        widget=AdminBigIntegerFieldWidget,
        help_text=gettext_lazy("The next number will be the one after it."),
    )

    def __init__(self, *args: Any, sequence: Sequence, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sequence = sequence

    def clean_value(self) -> int:
        """Refuse to go back."""
        value: int = self.cleaned_data["value"]
        if value <= self.sequence.last:
            raise ValidationError(
                _("Enter a value greater than %(last)s: sequences only go forward."),
                code="min_value",
                params={"last": self.sequence.last},
            )
        return value


@admin.register(Sequence)
class SequenceAdmin(admin.ModelAdmin):
    """Rows are made by drawing, and changed by drawing or by the action."""

    list_display = ("name", "last")
    search_fields = ("name",)
    ordering = ("name",)
    readonly_fields = ("name", "last")
    actions = ("advance",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: the first draw makes the row."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Sequence | None = None) -> bool:
        """Nobody: a last value entered by hand makes gaps and repeats numbers."""
        return False

    def has_advance_permission(self, request: HttpRequest) -> bool:
        """Users with the permission "aseq.advance_sequence" may."""
        codename = get_permission_codename("advance", self.opts)
        return bool(request.user.has_perm(f"{self.opts.app_label}.{codename}"))

    @admin.action(
        description=gettext_lazy("Advance the selected sequence"), permissions=["advance"]
    )
    def advance(
        self, request: HttpRequest, queryset: QuerySet[Sequence]
    ) -> TemplateResponse | None:
        """Ask for the new last value on a page of its own, then move the sequence."""
        if queryset.count() != 1:
            self.message_user(request, _("Select a single sequence."), messages.WARNING)
            return None
        sequence = queryset.get()
        form = AdvanceForm(
            request.POST if "advance" in request.POST else None, sequence=sequence
        )
        if form.is_valid():
            self._advance(request, sequence, form.cleaned_data["value"])
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Advance sequence"),
            "subtitle": str(sequence),
            "opts": self.opts,
            "media": self.media + form.media,
            "form": form,
            "sequence": sequence,
            "action_checkbox_name": ACTION_CHECKBOX_NAME,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/aseq/sequence/advance.html", context)

    def _advance(self, request: HttpRequest, sequence: Sequence, value: int) -> None:
        with transaction.atomic(using=router.db_for_write(Sequence)):
            before, after = advance(sequence.name, value)
            if before == after:
                text = _("“%(name)s” is at %(after)s already: nothing was changed.")
                level = messages.WARNING
            else:
                text = _("The last value of “%(name)s” was %(before)s and is now %(after)s.")
                level = messages.SUCCESS
            text %= {"name": sequence.name, "before": before, "after": after}
            if level == messages.SUCCESS:
                self.log_change(request, sequence, text)
        self.message_user(request, text, level)

    def delete_model(self, request: HttpRequest, obj: Sequence) -> None:
        """Delete behind the queue, as a draw does."""
        sync.delete(obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Sequence]) -> None:
        """As `delete_model`; in the order of their names, so that nobody deadlocks."""
        with transaction.atomic(using=router.db_for_write(Sequence)):
            for name in sorted(queryset.values_list("name", flat=True)):
                sync.delete(name)
