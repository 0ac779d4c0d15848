"""The shortest sequential Selenium script that does and proves the same as `optout run`, with ideal waits.

One tab, one page after another: sign in, read both indexes, then for each setting load its page, click what is on,
wait for the save's answer, load it anew, read it; at the end both indexes once more. It knows every path and selector,
waits for exactly what it needs, and does nothing for safety: a lower bound for what a person would write.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

from benchmarks.site import PASSWORD, members

SWITCHES = "main input[role=switch], main input[type=checkbox]"
INDEXES = ("/mypreferences/d/categories/privacy", "/mypreferences/d/categories/ads")
CHROMIUM = (
    "--headless=new",
    "--no-sandbox",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--blink-settings=imagesEnabled=false",
    "--disable-remote-fonts",
)


class Script:
    def __init__(self, origin: str, driver: webdriver.Chrome) -> None:
        self.origin = origin
        self.driver = driver

    def wait(self, script: str, seconds: float = 20) -> object:
        """Poll a condition every 10 ms: as good as waiting gets."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            value = self.driver.execute_script(script)
            if value:
                return value
            time.sleep(0.01)
        raise TimeoutError(script)

    def open(self, path: str, ready: str) -> None:
        self.driver.get(self.origin + path)
        self.wait(f"return document.querySelector({ready!r}) !== null")

    def sign_in(self, username: str) -> None:
        self.open("/login", "#password")
        self.driver.find_element(By.ID, "username").send_keys(username)
        self.driver.find_element(By.ID, "password").send_keys(PASSWORD)
        self.driver.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
        self.wait("return location.pathname.startsWith('/feed')")

    def paths(self) -> list[str]:
        """Read both indexes: the addresses of the settings in the default groups."""
        found: list[str] = []
        for index in INDEXES:
            self.open(index, "main a[href*='/mypreferences/d/settings/'], main a[href*='interest-categories']")
            links = self.driver.execute_script(
                "return [...document.querySelectorAll('main a[href*=\"/mypreferences/d/\"]')].map(a => a.pathname)"
            )
            found += [path for path in links if "/settings/" in path or "interest-categories" in path]
        return [path for path in found if "policy-and-academic" not in path]

    def switch_off(self, path: str) -> None:
        self.open(path, SWITCHES)
        on = (
            "return [...document.querySelectorAll('main input[role=switch], main input[type=checkbox]')]"
            ".filter(box => box.checked"
            " && (!location.pathname.includes('interest') || box.getAttribute('role') === 'switch'))"
        )
        self.driver.execute_script(
            "window.answers = 0; const plain = window.fetch; window.fetch = (...all) => plain(...all).then("
            "answer => { window.answers += 1; return answer; })"
        )
        for number, box in enumerate(self.driver.execute_script(on), 1):
            self.driver.execute_script("arguments[0].click()", box)
            self.wait(f"return window.answers >= {number}")
        self.open(path, SWITCHES)
        assert not self.driver.execute_script(on), path

    def run(self, username: str) -> None:
        self.sign_in(username)
        for path in self.paths():
            self.switch_off(path)
        self.paths()


def main(origin: str) -> None:
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    options.page_load_strategy = "eager"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        for argument in [*CHROMIUM, f"--user-data-dir={profile}"]:
            options.add_argument(argument)
        driver = webdriver.Chrome(
            options=options, service=Service(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver"))
        )
        try:
            Script(origin, driver).run(members(1)[0].username)
        finally:
            driver.quit()


if __name__ == "__main__":
    main(sys.argv[1])
