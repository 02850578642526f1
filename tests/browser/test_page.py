"""The example's page: by keyboard, in the dark, and with requests that fail."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from devtools.page import SCHEMES, served, storm

ORDERS, ISSUED, REFUSED = 150, 100, 50


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(color_scheme=getattr(request, "param", "light"))
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


def opened(page: Page, url: str) -> tuple[int, int]:
    """Open it; how many numbers are there, and how many holes the usual way has."""
    page.goto(url)
    page.wait_for_selector("body[data-ready]")
    return (
        page.locator("#aseq span").count(),
        page.locator("#usual .hole").count(),
    )


def test_a_storm_by_keyboard(page: Page, postgresql: str) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    before, holes = opened(page, postgresql)
    page.keyboard.press("Tab")
    expect(page.locator("#storm")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_function(  # it grows while the storm is on
        "before => document.querySelectorAll('#aseq span').length > before"
        " && document.getElementById('progress').value < 150",
        arg=before,
    )
    page.keyboard.press("Enter")  # no second storm
    expect(page.locator("#verdict")).to_have_class("ok", timeout=120_000)
    expect(page.locator("#storm")).to_be_focused()
    expect(page.locator("#counts")).to_have_text(f"{ISSUED} issued, {REFUSED} refused")
    saved = before + ISSUED
    expect(page.locator("#aseq span")).to_have_count(saved)
    expect(page.locator("#aseq .hole")).to_have_count(0)
    expect(page.locator("#aseq-sum")).to_have_text(f"{saved} saved, 0 holes")
    assert page.locator("#usual .hole").count() > holes
    expect(page.locator("#verdict")).to_contain_text("every number once, and none is missing")
    expect(page.locator("#report")).to_contain_text("ok, nothing is missing")
    expect(page.locator("#report")).to_contain_text(f"counter at {saved}")
    assert {url for url in asked if not url.startswith((postgresql, "data:"))} == set()


def test_what_is_heard(page: Page, postgresql: str) -> None:
    opened(page, postgresql)
    rows = page.get_by_role("img")
    expect(rows).to_have_count(2)
    expect(rows.first).to_have_accessible_name(re.compile(r"aseq .*saved, 0 holes|aseq"))
    expect(page.get_by_role("progressbar")).to_have_accessible_name("Orders answered")
    live = page.get_by_role("status")
    assert [each.get_attribute("aria-live") for each in live.all()] == ["polite", "polite"]


def test_requests_that_get_lost(page: Page, postgresql: str) -> None:
    before, _ = opened(page, postgresql)
    turn = count()

    def lose_a_third(route: Route) -> None:
        if route.request.method == "POST" and next(turn) % 3 == 0:
            route.abort()
        else:
            route.continue_()

    page.route("**/shop/invoices", lose_a_third)
    page.click("#storm")
    expect(page.locator("#verdict")).to_have_class("ok", timeout=120_000)
    expect(page.locator("#counts")).to_contain_text("50 without an answer")
    expect(page.locator("#aseq .hole")).to_have_count(0)
    assert before < page.locator("#aseq span").count() < before + ORDERS - 50 + 1


def test_one_invoice_by_keyboard(page: Page, postgresql: str) -> None:
    opened(page, postgresql)
    page.locator("[name=amount]").focus()
    page.locator("[name=amount]").fill("1000.01")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_text("Ada has no credit left for this")
    page.locator("[name=amount]").fill("0.01")
    page.keyboard.press("Enter")
    expect(page.locator("#answer")).to_have_text(re.compile(r"Issued INV-\d{4}-\d{5}\."))


def test_a_server_that_is_gone(page: Page, postgresql: str) -> None:
    opened(page, postgresql)
    page.route("**/shop/**", lambda route: route.abort())
    page.get_by_role("button", name="Issue").click()
    expect(page.locator("#answer")).to_have_text("No answer: is the server still there?")


CONTRAST = """() => {
  const parse = (text) => text.match(/[\\d.]+/g).map(Number)
  const light = (rgb) => rgb.slice(0, 3).map((c) => c / 255)
    .map((c) => c <= .03928 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [.2126, .7152, .0722][i], 0)
  const under = (element) => {
    for (let e = element; e; e = e.parentElement) {
      const rgb = parse(getComputedStyle(e).backgroundColor)
      if (rgb.length < 4 || rgb[3] > 0) return rgb
    }
  }
  const every = "h1, h2, p, small, button, span, pre, label, input"
  const texts = [...document.querySelectorAll(every)]
  return texts.filter((e) => e.textContent.trim() || e.value).map((e) => {
    const [one, other] = [light(parse(getComputedStyle(e).color)), light(under(e))]
    const contrast = (Math.max(one, other) + .05) / (Math.min(one, other) + .05)
    return [contrast, e.outerHTML.slice(0, 80)]
  })
}"""


@pytest.mark.parametrize("page", SCHEMES, indirect=True)
def test_everything_can_be_read(page: Page, postgresql: str) -> None:
    opened(page, postgresql)
    for amount, answer in ("1000.01", "no credit"), ("0.01", "Issued"):  # a hole, and no hole
        page.locator("[name=amount]").fill(amount)
        page.keyboard.press("Enter")
        expect(page.locator("#answer")).to_contain_text(answer)
    expect(page.locator("#verdict")).to_have_class("ok")
    expect(page.locator("#usual .hole").first).to_be_visible()
    faint = [told for told in page.evaluate(CONTRAST) if told[0] < 4.5]
    assert faint == []


def test_light_and_dark_are_the_system_s(browser: Browser, postgresql: str) -> None:
    papers = []
    for scheme in SCHEMES:
        page = browser.new_page(color_scheme=scheme)
        opened(page, postgresql)
        papers.append(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        page.close()
    assert papers == ["rgb(251, 252, 252)", "rgb(16, 25, 26)"]


def test_what_sqlite_does_is_said(browser: Browser, tmp_path: Path) -> None:
    with served(f"sqlite:///{tmp_path / 'invoices.db'}") as url:
        page = browser.new_page()
        storm(page, url)
        expect(page.locator("#aseq-sum")).to_have_text(f"{ISSUED} saved, 0 holes")
        expect(page.locator("#usual-sum")).to_have_text(f"{ISSUED} saved, 0 holes")
        expect(page.locator("#verdict")).to_contain_text("The usual way: no holes, either.")
        expect(page.locator("#usual-note")).to_contain_text(
            "takes the id back when it rolls back"
        )
        page.close()
