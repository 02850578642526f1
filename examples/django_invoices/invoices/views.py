"""List invoices, and issue one; from sync and from async code."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from aseq.django import aatomic, get_next_value

from .models import Invoice


@csrf_exempt  # so that curl can post
@require_http_methods(["GET", "POST"])
def invoices(request: HttpRequest) -> JsonResponse:
    if request.method == "GET":
        rows = Invoice.objects.order_by("number").values("number", "amount")
        return JsonResponse({"invoices": list(rows)})
    try:
        # Committed when `issue` returns: the client never sees a number that isn't saved.
        invoice = Invoice.objects.issue(request.POST.get("amount"))
    except ValidationError as exc:
        return JsonResponse(exc.message_dict, status=400)
    return JsonResponse({"number": invoice.number}, status=201)


@csrf_exempt
@require_http_methods(["POST"])
async def issue_async(request: HttpRequest) -> JsonResponse:
    try:
        # Committed when the block ends, before the client sees anything.
        async with aatomic():
            number = await get_next_value("invoices")
            invoice = Invoice(number=number, amount=request.POST.get("amount"))
            invoice.clean_fields()
            await invoice.asave()
    except ValidationError as exc:
        return JsonResponse(exc.message_dict, status=400)
    return JsonResponse({"number": invoice.number}, status=201)
