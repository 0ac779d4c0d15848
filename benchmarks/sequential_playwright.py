"""The same job as sequential_selenium.py, written with Playwright's own waits, pages one after another."""

from __future__ import annotations

import os
import sys

from playwright.sync_api import Page, sync_playwright

from benchmarks.sequential_selenium import CHROMIUM, INDEXES, SWITCHES
from benchmarks.site import PASSWORD, members


def sign_in(page: Page, origin: str, username: str) -> None:
    page.goto(origin + "/login", wait_until="domcontentloaded")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/feed/**", wait_until="commit")


def paths(page: Page, origin: str) -> list[str]:
    found: list[str] = []
    for index in INDEXES:
        page.goto(origin + index, wait_until="domcontentloaded")
        page.wait_for_selector("main a[href*='/mypreferences/d/settings/']", state="attached")
        found += page.eval_on_selector_all("main a[href*='/mypreferences/d/']", "all => all.map(a => a.pathname)")
    wanted = [path for path in found if "/settings/" in path or "interest-categories" in path]
    return [path for path in wanted if "policy-and-academic" not in path]


def switch_off(page: Page, url: str) -> None:
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector(SWITCHES, state="attached")
    css = "main input[role=switch]" if "interest" in url else SWITCHES
    for box in page.query_selector_all(css):
        if box.is_checked():
            with page.expect_response(lambda answer: "/api/save" in answer.url):
                box.evaluate("box => box.click()")
    page.goto(url, wait_until="domcontentloaded")
    page.wait_for_selector(SWITCHES, state="attached")
    assert not any(box.is_checked() for box in page.query_selector_all(css)), url


def main(origin: str) -> None:
    with sync_playwright() as playwright:
        arguments = [one for one in CHROMIUM if not one.startswith("--headless")]
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=arguments, headless=True
        )
        page = browser.new_page()
        sign_in(page, origin, members(1)[0].username)
        for path in paths(page, origin):
            switch_off(page, origin + path)
        paths(page, origin)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1])
