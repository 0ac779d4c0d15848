from __future__ import annotations

from pathlib import Path

import pytest

from optout.browser.installed import (
    KINDS,
    Installed,
    driver_on_path,
    find_browsers,
    find_driver,
    installed_browser,
    majors_fit,
    package_hint,
)
from optout.errors import UsageError


def program(folder: Path, name: str, says: str, exit_code: int = 0) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {exit_code}\n")
    path.chmod(0o755)
    return path


def test_the_order_of_preference_is_chromium_chrome_firefox_edge(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path)}
    assert installed_browser(None, environ, "linux") is None
    for name, says, kind in (
        ("microsoft-edge", "Microsoft Edge 150.0.1", "edge"),
        ("firefox", "Mozilla Firefox 153.7.0", "firefox"),
        ("google-chrome", "Google Chrome 156.0.8078.79", "chrome"),
        ("chromium", "Chromium 156.0.8078.80 built on Debian", "chromium"),
    ):
        path = program(tmp_path, name, says)
        found = installed_browser(None, environ, "linux")
        assert found is not None
        assert (found.kind, found.path) == (kind, path)
        assert found.version in says
    assert [browser.kind for browser in find_browsers(environ, "linux")] == list(KINDS)


def test_a_version_that_cannot_be_told_is_empty(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path)}
    program(tmp_path, "chromium", "cannot start", 1)
    found = installed_browser("chromium", environ, "linux")
    assert found is not None
    assert (found.version, found.major) == ("", None)


def test_the_version_is_not_asked_for_when_nobody_needs_it(tmp_path: Path) -> None:
    program(tmp_path, "chromium", "Chromium 156.0")
    found = installed_browser("chromium", {"PATH": str(tmp_path)}, "linux", ask_version=False)
    assert found is not None
    assert found.version == ""


def test_the_variable_names_the_browser(tmp_path: Path) -> None:
    path = program(tmp_path, "my-firefox", "Mozilla Firefox 153.7.0")
    environ = {"PATH": "", "OPTOUT_BROWSER_BINARY": str(path)}
    assert installed_browser(None, environ, "linux") == Installed("firefox", path, "153.7.0")
    assert find_browsers(environ, "linux") == (Installed("firefox", path, "153.7.0"),)
    with pytest.raises(UsageError, match=r"a firefox, but --browser asks for edge\. Use: --browser firefox"):
        installed_browser("edge", environ, "linux")


def test_a_variable_that_names_no_program_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text").touch()
    for value in (str(tmp_path / "text"), str(tmp_path), str(tmp_path / "missing")):
        with pytest.raises(UsageError, match=r"^OPTOUT_BROWSER_BINARY names .+ Use: unset OPTOUT_BROWSER_BINARY$"):
            installed_browser(None, {"OPTOUT_BROWSER_BINARY": value}, "linux")
        with pytest.raises(UsageError, match=r"^OPTOUT_DRIVER names .+ Use: unset OPTOUT_DRIVER$"):
            driver_on_path("chromium", {"OPTOUT_DRIVER": value}, "linux")


def test_a_driver_is_found_for_its_own_browser_only(tmp_path: Path) -> None:
    path = program(tmp_path, "chromedriver", "ChromeDriver 156.0.8078.79 (abc)")
    environ = {"PATH": str(tmp_path)}
    assert driver_on_path("chromium", environ, "linux") == Installed("chromium", path, "156.0.8078.79")
    assert driver_on_path("firefox", environ, "linux") is None
    named = {"PATH": "", "OPTOUT_DRIVER": str(path)}
    assert find_driver(Installed("chrome", path, "1.0"), named, "linux") == Installed("chrome", path, "156.0.8078.79")
    assert driver_on_path("firefox", named, "linux") is None
    assert driver_on_path("chromium", environ, "linux", ask_version=False) == Installed("chromium", path, "")


@pytest.mark.parametrize(
    ("kind", "browser", "driver", "fit"),
    [
        ("chromium", "156.0.1", "156.9.9", True),
        ("chromium", "156.0.1", "155.0.1", False),
        ("chromium", "", "155.0.1", True),
        ("firefox", "153.7.0", "0.36.0", True),
    ],
)
def test_browser_and_driver_fit_by_their_major_version(kind: str, browser: str, driver: str, fit: bool) -> None:
    path = Path("/x")
    assert majors_fit(Installed(kind, path, browser), Installed(kind, path, driver)) is fit  # type: ignore[arg-type]


def test_the_usual_places_of_windows_are_searched_without_starting_a_window(tmp_path: Path) -> None:
    folder = tmp_path / "Google" / "Chrome" / "Application"
    (folder / "99.0.1.2").mkdir(parents=True)
    (folder / "156.0.8078.79").mkdir()
    program(folder, "chrome.exe", "would open a window")
    found = installed_browser(None, {"PATH": "", "PROGRAMFILES": str(tmp_path)}, "win32")
    assert found == Installed("chrome", folder / "chrome.exe", "156.0.8078.79")


def test_the_usual_places_of_macos_are_searched(tmp_path: Path) -> None:
    path = program(tmp_path / "Applications", "Firefox.app/Contents/MacOS/firefox", "Mozilla Firefox 153.7.0")
    found = installed_browser(None, {"PATH": "", "HOME": str(tmp_path)}, "darwin")
    assert found == Installed("firefox", path, "153.7.0")


def test_the_hint_is_the_platforms_own_package_command() -> None:
    assert package_hint(None, "linux") == "sudo apt-get install chromium chromium-driver"
    assert package_hint("firefox", "darwin").startswith("brew install")
    assert package_hint("edge", "win32").startswith("winget install")


def test_an_unknown_browser_is_refused_with_the_known_ones() -> None:
    for call in (installed_browser, driver_on_path, package_hint):
        with pytest.raises(UsageError) as caught:
            call("safari")
        assert str(caught.value) == (
            "There is no browser 'safari' to choose. Use --browser with one of: chromium, chrome, firefox, edge"
        )
