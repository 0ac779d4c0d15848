"""How a browser is started: its options, what it inherits, and what is said where nothing fits."""

from __future__ import annotations

from pathlib import Path

import pytest

from optout.browser import launch as launching
from optout.browser.installed import Installed
from optout.browser.launch import Launch
from optout.errors import UsageError


def options_of(launch: Launch, kind: str = "chromium") -> dict[str, object]:
    capabilities: dict[str, object] = launching._options(kind, launch, "/usr/bin/browser").to_capabilities()  # type: ignore[no-untyped-call]
    return capabilities


def chromium(launch: Launch) -> tuple[list[str], dict[str, object]]:
    chosen = options_of(launch)["goog:chromeOptions"]
    assert isinstance(chosen, dict)
    return list(chosen["args"]), dict(chosen)


def test_chromium_keeps_no_password_and_its_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "_is_root", lambda: False)
    arguments, chosen = chromium(Launch())
    assert chosen["prefs"] == {"credentials_enable_service": False, "profile.password_manager_enabled": False}
    assert "--no-sandbox" not in arguments
    assert "--headless=new" in arguments


def test_only_root_goes_without_the_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "_is_root", lambda: True)
    assert "--no-sandbox" in chromium(Launch())[0]


def test_nothing_hides_the_automation() -> None:
    arguments, chosen = chromium(Launch())
    assert "excludeSwitches" not in chosen
    assert not [one for one in arguments if "AutomationControlled" in one or one.startswith("--user-agent")]


def test_a_visible_browser_is_not_headless_and_shows_pictures() -> None:
    arguments, _ = chromium(Launch(headed=True, light=False))
    assert "--headless=new" not in arguments
    assert "--blink-settings=imagesEnabled=false" not in arguments


@pytest.mark.parametrize("kind", ["chromium", "firefox"])
def test_the_profile_is_used_here_and_never_on_a_grid(kind: str, tmp_path: Path) -> None:
    here = str(options_of(Launch(profile=tmp_path), kind))
    away = str(options_of(Launch(profile=tmp_path, grid="http://127.0.0.1:4444"), kind))
    assert str(tmp_path) in here
    assert str(tmp_path) not in away


def test_firefox_sends_the_signal_and_keeps_no_password() -> None:
    chosen = options_of(Launch(), "firefox")["moz:firefoxOptions"]
    assert isinstance(chosen, dict)
    assert chosen["prefs"]["privacy.globalprivacycontrol.enabled"] is True
    assert chosen["prefs"]["signon.rememberSignons"] is False


@pytest.mark.parametrize("kind", ["chromium", "firefox", "edge"])
def test_every_browser_leaves_prompts_to_the_program_and_can_speak_bidi(kind: str) -> None:
    chosen = options_of(Launch(speaks_bidi=True), kind)
    assert chosen["unhandledPromptBehavior"] == {"default": "ignore"}
    assert chosen["webSocketUrl"] is True
    assert chosen["pageLoadStrategy"] == "eager"


def test_only_firefox_is_asked_for_bidi_from_the_first() -> None:
    assert "webSocketUrl" not in options_of(Launch(), "chromium")
    assert "webSocketUrl" not in options_of(Launch(), "edge")
    assert options_of(Launch(), "firefox")["webSocketUrl"] is True


def test_a_browser_inherits_no_passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPTOUT_KEYRING_PASSPHRASE", "geheim")
    monkeypatch.setenv("LANG", "de_DE.UTF-8")
    inherited = launching._environment()
    assert "geheim" not in inherited.values()
    assert inherited["LANG"] == "de_DE.UTF-8"


def test_a_search_that_takes_too_long_or_fails_finds_nothing() -> None:
    import threading

    blocked = threading.Event()
    assert launching._within(0.05, blocked.wait) is None
    blocked.set()

    def fails() -> str:
        raise OSError("no network")

    assert launching._within(5, fails) is None
    assert launching._within(5, lambda: "found") == "found"


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No driver can be fetched, and PATH is one empty folder."""
    monkeypatch.setattr(launching, "_managed_driver", lambda _: None)
    monkeypatch.setattr(launching, "_selenium_driver", lambda _: None)
    monkeypatch.delenv("OPTOUT_DRIVER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    browser = program(tmp_path / "browser", "echo 156.0.1")
    monkeypatch.setattr(launching, "installed_browser", lambda kind, **_: Installed(kind, browser, ""))
    return tmp_path


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def refusal(kind: str) -> str:
    with pytest.raises(UsageError) as caught:
        launching._start_here(Launch(kind=kind), lambda _: None)  # type: ignore[arg-type]
    return str(caught.value)


def test_without_a_driver_the_package_is_named(no_network: Path) -> None:
    assert refusal("chromium") == (
        "chromium 156.0.1 could not be started: no driver is on the PATH; install the driver that fits it: "
        "sudo apt-get install chromium-driver, then try `optout doctor`"
    )
    assert "cargo install geckodriver" in refusal("firefox")


def test_a_driver_of_another_major_version_that_cannot_start_the_browser_is_said_not_to_fit(no_network: Path) -> None:
    driver = program(no_network / "chromedriver", '[ "$1" = --version ] && echo "ChromeDriver 120.0.1" || exit 1')
    assert refusal("chromium").startswith(
        f"chromium 156.0.1 could not be started: {driver} is version 120.0.1 and does not fit it; install the driver"
    )


def test_no_version_is_asked_for_before_a_start_has_failed(no_network: Path) -> None:
    asked = no_network / "asked"
    program(no_network / "chromedriver", f'[ "$1" = --version ] && : > {asked}; exit 1')
    services = launching._services(Installed("chromium", no_network / "browser", ""), [])
    assert next(services).path == str(no_network / "chromedriver")
    assert not asked.exists()
    assert list(services) == []
    assert asked.exists()


def test_a_driver_that_ends_at_once_is_a_reason_and_no_traceback(no_network: Path) -> None:
    program(no_network / "chromedriver", '[ "$1" = --version ] && echo "ChromeDriver 156.0.1" || exit 7')
    said = refusal("chromium")
    assert said.startswith("chromium 156.0.1 could not be started: ")
    assert "exited" in said
    assert "\n" not in said


def test_no_browser_at_all_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launching, "installed_browser", lambda _, **__: None)
    assert refusal("firefox") == "no firefox is installed here; install one: sudo apt-get install firefox-esr"
