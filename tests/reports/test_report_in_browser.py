"""The report in a real browser: accessible in light, dark and narrow, and readable without JavaScript."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.reports.sample_assessment import SampleBuilder

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
AXE = Path(__file__).parents[1] / "data" / "axe"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN_AXE = """async (tags) => {
  const found = await axe.run(document, {runOnly: {type: 'tag', values: tags}, resultTypes: ['violations']});
  return found.violations.map(v => `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map(n => n.html).join(' | ')}`);
}"""
OPEN_ALL = "document.querySelectorAll('details').forEach(each => { each.open = true; })"
PAGE_WIDTH = "document.documentElement.scrollWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: install the Debian packages chromium and fonts-dejavu-core")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def address(build_sample: SampleBuilder, tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(build_sample(practices_per_area=1).html(), encoding="utf-8")
    return path.as_uri()


def violations(page: Page) -> list[str]:
    page.evaluate((AXE / "axe.min.js").read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(RUN_AXE, RULES)
    return found


def test_the_checker_is_the_one_its_readme_names() -> None:
    named = re.findall(r"\| sha256 \| `([0-9a-f]{64})` \|", (AXE / "README.md").read_text(encoding="utf-8"))
    assert named == [hashlib.sha256((AXE / "axe.min.js").read_bytes()).hexdigest()]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "opened"])
def test_the_report_has_no_accessibility_violation(
    browser: Browser, address: str, scheme: Literal["light", "dark"], opened: bool
) -> None:
    page = browser.new_page(color_scheme=scheme, bypass_csp=True, viewport={"width": 1280, "height": 900})
    page.goto(address)
    if opened:
        page.evaluate(OPEN_ALL)
    assert violations(page) == []
    page.close()


def test_the_checker_finds_a_violation_that_is_put_in(browser: Browser, address: str) -> None:
    page = browser.new_page(bypass_csp=True)
    page.goto(address)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [found.partition(":")[0] for found in violations(page)] == ["html-has-lang"]
    page.close()


def test_a_narrow_page_never_scrolls_sideways_and_stays_accessible(browser: Browser, address: str) -> None:
    page = browser.new_page(bypass_csp=True, viewport={"width": 320, "height": 640})
    page.goto(address)
    assert page.evaluate(PAGE_WIDTH) == 320
    page.evaluate(OPEN_ALL)
    assert page.evaluate(PAGE_WIDTH) == 320
    assert violations(page) == []
    page.close()


def test_the_page_asks_for_nothing_and_its_policy_complains_of_nothing(
    browser: Browser, address: str
) -> None:
    page = browser.new_page()
    asked: list[str] = []
    said: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda message: said.append(message.text))
    page.goto(address, wait_until="networkidle")
    assert asked == [address]
    assert said == []
    assert page.evaluate("getComputedStyle(document.querySelector('.cards')).display") == "grid"
    page.close()


@pytest.fixture
def page_without_script(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    yield page
    context.close()


def test_a_criterion_opens_by_keyboard_without_script(page_without_script: Page) -> None:
    details = page_without_script.locator("details.criterion").first
    inside = details.locator(".inside")
    assert not inside.is_visible()
    details.locator("summary").first.focus()
    page_without_script.keyboard.press("Enter")
    assert inside.is_visible()
    assert "How it is judged" in inside.inner_text()


def test_a_link_to_a_criterion_opens_it_without_script(page_without_script: Page) -> None:
    link = page_without_script.locator("#overrides ~ .scroll a").first
    target = page_without_script.locator((link.get_attribute("href") or "").replace(".", "\\."))
    assert not target.is_visible()
    link.click()
    assert target.is_visible()


def test_the_first_key_press_reaches_the_skip_link(page_without_script: Page) -> None:
    page_without_script.keyboard.press("Tab")
    skip = page_without_script.locator(".skip")
    box = skip.bounding_box()
    assert skip.evaluate("each => each === document.activeElement")
    assert box
    assert box["x"] >= 0


def test_no_label_of_the_radar_is_clipped(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.goto(address)
    outside = page.evaluate(
        """() => {
          const svg = document.querySelector('svg.radar');
          const view = svg.viewBox.baseVal;
          return [...svg.querySelectorAll('text')].filter(text => {
            const box = text.getBBox();
            return box.x < view.x || box.y < view.y
              || box.x + box.width > view.x + view.width || box.y + box.height > view.y + view.height;
          }).map(text => text.textContent);
        }"""
    )
    assert outside == []
    page.close()


def test_a_print_has_summaries_of_closed_criteria_and_all_of_opened_ones(
    browser: Browser, address: str
) -> None:
    page = browser.new_page(viewport={"width": 700, "height": 900}, color_scheme="dark")
    page.goto(address)
    page.emulate_media(media="print")
    details = page.locator("details.criterion")
    details.nth(1).evaluate("each => { each.open = true; }")
    assert details.nth(0).locator("summary").first.is_visible()
    assert not details.nth(0).locator(".inside").is_visible()
    assert details.nth(1).locator(".inside").is_visible()
    assert not page.locator("nav").is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    page.close()
