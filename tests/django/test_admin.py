"""The admin, through Django's test client: who may see, advance and delete."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth.models import Permission, User
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from aseq.django import sync, take_over
from aseq.django.models import Sequence

LIST = "/admin/aseq/sequence/"


@pytest.fixture(autouse=True)
def _rolled_back() -> Iterator[None]:
    """A transaction around each test, which isn't the admin's own, as in a TestCase."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        Sequence.objects.all().delete()  # the list has pages
        yield
        transaction.set_rollback(True)


def put(name: str, last: int) -> Sequence:
    with transaction.atomic():
        sync.advance_to(last, name)
    return Sequence.objects.get(name=name)


@pytest.fixture
def sequence(name: str) -> Sequence:
    return put(name, 41)


def client(*permissions: str, superuser: bool = False) -> Client:
    """A browser of a member of the staff."""
    user = User.objects.create(
        username=secrets.token_hex(4), is_staff=True, is_superuser=superuser
    )
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    browser = Client()
    browser.force_login(user)
    return browser


def advance(browser: Client, *names: str, **data: object) -> HttpResponse:
    """Choose the action for sequences, or send its page's form."""
    form = {"action": "advance", "_selected_action": names, **data}
    response: HttpResponse = browser.post(LIST, form)
    return response


def messages(response: HttpResponse) -> list[str]:
    return [str(message) for message in response.wsgi_request._messages]


def test_the_permissions() -> None:
    ours = Permission.objects.filter(content_type__app_label="aseq")
    codenames = set(ours.values_list("codename", flat=True))
    assert codenames == {"view_sequence", "delete_sequence", "advance_sequence"}


def test_list_and_search(sequence: Sequence) -> None:
    browser = client(superuser=True)
    put("others", 7)
    page = browser.get(LIST).content.decode()
    assert sequence.name in page
    assert '<td class="field-last">41</td>' in page
    assert "others" in page
    page = browser.get(LIST, {"q": sequence.name}).content.decode()
    assert sequence.name in page
    assert "others" not in page


def test_the_list_is_in_alphabetical_order() -> None:
    for name in ("invoices", "receipts", "credit notes"):
        put(name, 1)
    page = client(superuser=True).get(LIST)
    names = [sequence.name for sequence in page.context["cl"].result_list]
    assert names == ["credit notes", "invoices", "receipts"]


def test_the_way_back_from_the_advance_page() -> None:
    name = "cases/2026 <b>"
    sequence = put(name, 41)
    page = advance(client(superuser=True), name).content.decode()
    for url in (reverse("admin:app_list", args=["aseq"]), LIST):
        assert f'&rsaquo; <a href="{url}">' in page
    url = reverse("admin:aseq_sequence_change", args=[quote(sequence.pk)])
    assert f'&rsaquo; <a href="{url}">{escape(name)}</a>' in page


def test_nothing_is_edited_or_added_by_hand(sequence: Sequence) -> None:
    browser = client(superuser=True)
    url = reverse("admin:aseq_sequence_change", args=[sequence.pk])
    page = browser.get(url).content.decode()
    assert '<div class="readonly">41</div>' in page
    assert 'name="last"' not in page
    assert 'name="_save"' not in page
    assert browser.post(url, {"name": sequence.name, "last": 1}).status_code == 403
    assert browser.get(reverse("admin:aseq_sequence_add")).status_code == 403
    assert sync.get_last_value(sequence.name) == 41


def test_advance(sequence: Sequence) -> None:
    browser = client(superuser=True)
    page = advance(browser, sequence.name)
    assert page.status_code == 200
    assert f"The last value of “{sequence.name}” is 41." in page.content.decode()
    assert sync.get_last_value(sequence.name) == 41

    done = advance(browser, sequence.name, advance="Advance", value="100")
    text = f"The last value of “{sequence.name}” was 41 and is now 100."
    assert (done.status_code, done["Location"]) == (302, LIST)
    assert messages(done) == [text]
    assert sync.get_last_value(sequence.name) == 100
    entry = LogEntry.objects.get()
    assert (entry.object_id, entry.change_message) == (sequence.name, text)
    assert entry.is_change()


@pytest.mark.parametrize(
    ("value", "error"),
    [
        ("41", "Enter a value greater than 41: sequences only go forward."),
        ("-5", "Enter a value greater than 41: sequences only go forward."),
        ("", "This field is required."),
        ("many", "Enter a whole number."),
        (str(2**63), f"Ensure this value is less than or equal to {2**63 - 1}."),
    ],
)
def test_advance_refuses(sequence: Sequence, value: str, error: str) -> None:
    page = advance(client(superuser=True), sequence.name, advance="Advance", value=value)
    assert page.status_code == 200
    assert escape(error) in page.content.decode()
    assert sync.get_last_value(sequence.name) == 41
    assert not LogEntry.objects.exists()


def test_advance_when_somebody_was_faster(
    sequence: Sequence, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the form's check and the move."""

    def faster(name: str, value: int) -> tuple[int | None, int]:
        sync.advance_to(1000, name)
        return take_over.advance(name, value)

    monkeypatch.setattr("aseq.django.admin.advance", faster)
    done = advance(client(superuser=True), sequence.name, advance="Advance", value="100")
    assert messages(done) == [f"“{sequence.name}” is at 1000 already: nothing was changed."]
    assert not LogEntry.objects.exists()


def test_advance_one_at_a_time(sequence: Sequence) -> None:
    Sequence.objects.exclude(pk=sequence.pk).delete()  # the list has pages
    put("others", 7)
    done = advance(client(superuser=True), sequence.name, "others")
    assert messages(done) == ["Select a single sequence."]


def test_staff_without_the_permission(sequence: Sequence) -> None:
    browser = client("view_sequence")
    page = browser.get(LIST).content.decode()
    assert sequence.name in page
    assert "advance" not in page
    for data in ({}, {"advance": "Advance", "value": "100"}):
        advance(browser, sequence.name, **data)
    assert sync.get_last_value(sequence.name) == 41
    assert client().get(LIST).status_code == 403


def test_staff_with_the_permission(sequence: Sequence) -> None:
    browser = client("view_sequence", "advance_sequence")
    page = browser.get(LIST).content.decode()
    assert '<option value="advance">Advance the selected sequence</option>' in page
    assert "delete_selected" not in page
    advance(browser, sequence.name, advance="Advance", value="100")
    assert sync.get_last_value(sequence.name) == 100


def test_delete(sequence: Sequence) -> None:
    browser = client("view_sequence", "delete_sequence")
    url = reverse("admin:aseq_sequence_delete", args=[sequence.pk])
    assert browser.post(url, {"post": "yes"}).status_code == 302
    assert sync.get_last_value(sequence.name) is None


def test_delete_several(sequence: Sequence, deleted: list[str]) -> None:
    put("a-first", 7)
    browser = client("view_sequence", "delete_sequence")
    names = [sequence.name, "a-first"]
    form = {"action": "delete_selected", "_selected_action": names, "post": "yes"}
    assert browser.post(LIST, form).status_code == 302
    assert not Sequence.objects.filter(name__in=names).exists()
    assert deleted == ["a-first", sequence.name]


@pytest.fixture
def deleted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that `sync.delete` was called with."""
    calls = []

    def delete(name: str) -> bool:
        calls.append(name)
        return real(name)

    real = sync.delete
    monkeypatch.setattr(sync, "delete", delete)
    return calls
