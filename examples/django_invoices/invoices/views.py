"""List invoices, and issue one."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

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
