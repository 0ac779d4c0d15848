"""Opening every setting's page, one after another, in a kept profile: what a check without indexes would do."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from benchmarks.sequential_selenium import CHROMIUM, SWITCHES, Script
from benchmarks.site import members

PATHS_FILE = "paths"


def start(profile: Path) -> webdriver.Chrome:
    options = webdriver.ChromeOptions()
    options.binary_location = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    options.page_load_strategy = "eager"
    for argument in [*CHROMIUM, f"--user-data-dir={profile}"]:
        options.add_argument(argument)
    service = Service(os.environ.get("CHROMEDRIVER", "/usr/bin/chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def prepare(folder: Path, origin: str) -> None:
    """Sign in once and note the addresses; not measured."""
    driver = start(folder / "profile")
    script = Script(origin, driver)
    script.sign_in(members(1)[0].username)
    (folder / PATHS_FILE).write_text("\n".join(script.paths()), encoding="utf-8")
    driver.quit()


def read_every_page(folder: Path, origin: str) -> None:
    """Open each page and read its switches; this is what is measured."""
    driver = start(folder / "profile")
    script = Script(origin, driver)
    for path in (folder / PATHS_FILE).read_text(encoding="utf-8").split():
        script.open(path, SWITCHES)
        driver.execute_script(f"return [...document.querySelectorAll({SWITCHES!r})].map(e => e.checked)")
    driver.quit()


if __name__ == "__main__":
    origin, folder = sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else Path(tempfile.mkdtemp())
    if not (folder / PATHS_FILE).exists():
        prepare(folder, origin)
    else:
        read_every_page(folder, origin)
