"""Credit notes: saved as drafts first, and numbered by an issuer, many at a time.

A draft is in the books of nobody. So nothing is locked while it is written, and the client may
go away at any time: whoever asks for its number, now or after a restart, gets the same one.
"""

from __future__ import annotations

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.http import Http404, HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from aseq.django import Issuer, Numbering

from .models import CreditNote

credit_note_numbers = Numbering(
    "credit notes", "CN-{year}-{number:05}", period="year", tz="UTC"
)
issuer = Issuer(CreditNote, "number", credit_note_numbers, at_field="issued_at")


@csrf_exempt  # so that curl can post
@require_http_methods(["POST"])
async def create(request: HttpRequest) -> JsonResponse:
    """Save a draft, and have it numbered."""
    draft = CreditNote(amount=request.POST.get("amount"))
    try:
        draft.clean_fields()
    except ValidationError as exc:
        return JsonResponse(exc.message_dict, status=400)
    await draft.asave()
    # Committed, so the issuer sees it. Nobody waits for anybody until here.
    return JsonResponse({"id": draft.pk, "number": await issuer.issue(draft.pk)}, status=201)


@csrf_exempt
@require_http_methods(["POST"])
async def number(request: HttpRequest, key: int) -> JsonResponse:
    """Its number, the same whenever it is asked for: for drafts that a crash has left."""
    try:
        return JsonResponse({"id": key, "number": await issuer.issue(key)})
    except ObjectDoesNotExist:
        raise Http404(f"there is no credit note {key}") from None
