"""The report page in a real browser: axe-core finds nothing, it fits a phone, and it asks nobody for anything."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By

from optout.history import History
from optout.report.html import ReportContext, render, write_report
from tests.report_examples import TITLES, mixed_run, png, recorded

AXE = Path(__file__).parents[2] / ".tools/node_modules/axe-core/axe.min.js"

pytestmark = [pytest.mark.browser, pytest.mark.chromium_only]


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("report")
    folder.chmod(0o700)
    result = recorded(folder / "history.sqlite")
    assert result.run_id is not None
    name = "data-for-generative-ai-improvement"
    with History.open(folder / "history.sqlite") as history:
        context = ReportContext.of(
            history,
            result.run_id,
            TITLES,
            shots={("me", name, "before"): png(420, 60, 90), ("me", name, "after"): png(420, 60, 220)},
            notes={"me": ("In this region the control is on by default since 2025-11-03.",)},
        )
        return write_report(folder / "reports", result, context)


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in (
        "--headless=new",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
    ):
        options.add_argument(argument)
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        options.add_argument("--no-sandbox")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver_path = shutil.which("chromedriver")
    service = webdriver.ChromeService(driver_path) if driver_path else None
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


def show(
    browser: webdriver.Chrome, page: Path, *, width: int = 1000, scheme: str = "light", media: str = "screen"
) -> None:
    metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})
    browser.get(page.as_uri())


def axe_findings(browser: webdriver.Chrome) -> list[Any]:
    # The driver's scripts are not bound by the page's policy, so axe needs no hole in it.
    browser.execute_script(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = browser.execute_async_script(
        "const done = arguments[arguments.length - 1];"
        "axe.run(document).then(done, error => done({violations: [{id: String(error), nodes: []}]}));"
    )
    # `passes` shows that axe looked at all.
    assert len(found.get("passes", [])) > 10
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]


def console_lines(browser: webdriver.Chrome) -> list[Any]:
    lines: list[Any] = browser.get_log("browser")  # type: ignore[no-untyped-call]  # selenium leaves it untyped
    return lines


@pytest.mark.parametrize("width", [360, 1000])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(browser: webdriver.Chrome, page: Path, scheme: str, width: int) -> None:
    show(browser, page, scheme=scheme, width=width)
    assert axe_findings(browser) == []


def test_axe_finds_nothing_in_a_page_without_any_setting(browser: webdriver.Chrome, tmp_path: Path) -> None:
    empty = tmp_path / "empty.html"
    result = mixed_run().__class__("run", False, mixed_run().started, 0.0, ())
    empty.write_text(render(result, ReportContext(TITLES, "0.1.0", "2026-11-01", zone=UTC)), encoding="utf-8")
    show(browser, empty)
    assert axe_findings(browser) == []


@pytest.mark.parametrize(("width", "media"), [(360, "screen"), (320, "screen"), (1000, "screen"), (700, "print")])
def test_nothing_is_wider_than_the_page(browser: webdriver.Chrome, page: Path, width: int, media: str) -> None:
    show(browser, page, width=width, media=media)
    widths = browser.execute_script(
        "return [document.documentElement.scrollWidth, document.documentElement.clientWidth,"
        " ...[...document.querySelectorAll('body *')].map(e => Math.ceil(e.getBoundingClientRect().right))]"
    )
    assert widths[0] <= widths[1]
    assert max(widths[2:]) <= width


def test_print_is_black_on_white_even_in_the_dark(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page, media="print", scheme="dark")
    colours = browser.execute_script(
        "const style = getComputedStyle(document.body); return [style.backgroundColor, style.color]"
    )
    assert colours == ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]


def test_the_dark_page_is_dark(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page, scheme="dark")
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(20, 23, 27)"


def test_the_page_asks_nobody_for_anything(browser: webdriver.Chrome, page: Path) -> None:
    console_lines(browser)
    show(browser, page)
    assert browser.execute_script("return performance.getEntriesByType('resource').map(e => e.name)") == []
    assert console_lines(browser) == []
    assert browser.execute_script("return [...document.images].map(i => i.naturalWidth)") == [420, 420]


def test_the_answer_is_the_first_thing_on_the_page(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page)
    heading = browser.find_element(By.TAG_NAME, "h1")
    assert heading.text.startswith(
        "5 of 9 settings are off (3 turned off and proved in this run, 1 more not offered here); not off: me: Age range"
    )
    assert heading.rect["y"] < 120
