"""Starting a browser: which one, with which driver, with what switched off; or a session on a grid."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from optout.browser.bidi import Connection
from optout.browser.installed import Installed, Kind, driver_on_path, installed_browser, package_hint
from optout.browser.session import Browser, Session
from optout.browser.waiting import Stop
from optout.errors import UsageError

if TYPE_CHECKING:
    from selenium.webdriver.common.options import ArgOptions
    from selenium.webdriver.common.service import Service
    from selenium.webdriver.remote.webdriver import WebDriver

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
# A run is one person's own errand: nothing in the background, no offer to keep the password, no throttling of the
# tabs that wait behind the first.
CHROMIUM_ARGUMENTS = (
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--disable-features=Translate,MediaRouter,OptimizationHints,PasswordManagerOnboarding",
    "--window-size=1280,1000",
)
LIGHT_CHROMIUM_ARGUMENTS = ("--blink-settings=imagesEnabled=false", "--disable-remote-fonts", "--mute-audio")
FIREFOX_PREFERENCES: tuple[tuple[str, bool | int | str], ...] = (
    ("privacy.globalprivacycontrol.enabled", True),
    ("privacy.globalprivacycontrol.functionality.enabled", True),
    ("signon.rememberSignons", False),
    ("signon.autofillForms", False),
    ("dom.serviceWorkers.enabled", False),
    ("dom.min_background_timeout_value", 4),
    ("dom.timeout.enable_budget_timer_throttling", False),
    ("browser.startup.page", 0),
    ("browser.shell.checkDefaultBrowser", False),
    ("browser.aboutwelcome.enabled", False),
    ("datareporting.policy.dataSubmissionEnabled", False),
    ("toolkit.telemetry.enabled", False),
    ("app.update.enabled", False),
    ("network.captive-portal-service.enabled", False),
    ("network.connectivity-service.enabled", False),
)
LIGHT_FIREFOX_PREFERENCES = (("permissions.default.image", 2), ("gfx.downloadable_fonts.enabled", False))


@dataclass(frozen=True, slots=True)
class Launch:
    """Which browser to start, and how.

    `kind`: chromium, chrome, edge, firefox or None for the first that is installed. `light` leaves out images and
    web fonts. `grid` is the address of a Selenium Grid. `for_person` is a browser that a person uses themselves.
    """

    kind: Kind | None = None
    headed: bool = False
    profile: Path | None = None
    grid: str | None = None
    light: bool = True
    for_person: bool = False


def open_browser(launch: Launch, stop: Stop, warn: Callable[[str], None]) -> Browser:
    """Start a browser, connect to it and prepare it.

    Raises `UsageError` when there is no browser, no driver, no display or no grid, naming the remedy;
    `BrowserGone` when it ended while it started.
    """
    driver = _start_on_grid(launch) if launch.grid else _start_here(launch, warn)
    try:
        socket = driver.capabilities.get("webSocketUrl")
        if not isinstance(socket, str):
            raise UsageError(
                "this browser offers no WebDriver BiDi: update the browser and its driver (`optout doctor`)"
            )
        connection = Connection(_grid_socket(socket, launch.grid))
        stop.on_stop(lambda: connection.abort(stop.error()))
        has_native_gpc = driver.capabilities.get("browserName") == "firefox"
        return Browser(connection, lambda: _quit(driver), has_native_gpc=has_native_gpc)
    except BaseException:
        _quit(driver)
        raise


def open_session(launch: Launch, stop: Stop, warn: Callable[[str], None]) -> Session:
    """Start a browser for one account; closing the session ends it. Raises as `open_browser` does."""
    browser = open_browser(launch, stop, warn)
    try:
        return browser.session(stop, closes_popups=not launch.for_person)
    except BaseException:
        browser.close()
        raise


def check_grid(url: str) -> str:
    """The address of a grid: https, or http on loopback, because the password passes through it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"--grid {url}: expected an address such as https://grid.example:4444")
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise UsageError(f"--grid {url}: refused, because your password would pass through it unprotected; use https")
    return url.rstrip("/")


def _grid_socket(socket: str, grid: str | None) -> str:
    if grid and urlsplit(grid).scheme == "https" and not socket.startswith("wss://"):
        raise UsageError("the grid answers with an unprotected ws:// address: refused; put BiDi behind TLS as well")
    return socket


def _start_here(launch: Launch, warn: Callable[[str], None]) -> WebDriver:
    from selenium.common.exceptions import WebDriverException  # noqa: PLC0415 -- slow to import

    browser = installed_browser(launch.kind)
    if browser is None:
        wanted = launch.kind or "chromium"
        raise UsageError(f"no {launch.kind or 'browser'} is installed here; install one: {package_hint(wanted)}")
    if launch.headed and sys.platform.startswith("linux"):
        _check_display()
    if _is_root() and browser.kind != "firefox":
        warn("running as root: the browser's sandbox is off; use an ordinary user where you can")
    if launch.profile:
        launch.profile.mkdir(parents=True, exist_ok=True, mode=0o700)
        launch.profile.chmod(0o700)
    failures: list[str] = []
    for service in _services(browser):
        try:
            return _start(browser, launch, service)
        except (WebDriverException, OSError, ValueError) as error:
            failures.append((getattr(error, "msg", None) or str(error)).splitlines()[0][:200])
    raise UsageError(
        f"{browser.kind} {browser.version} could not be started: {failures[0] if failures else 'no driver was found'}; "
        f"install the driver that fits it: {package_hint(browser.kind)}, then try `optout doctor`"
    )


def _check_display() -> None:
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise UsageError(
            "a visible browser needs a display and there is none here (DISPLAY is not set); "
            "leave out --headed, or sign in on a machine with a screen"
        )


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _environment() -> dict[str, str]:
    """What a browser inherits: never a passphrase."""
    return {key: value for key, value in os.environ.items() if not key.startswith("OPTOUT_")}


def _services(browser: Installed) -> Iterator[Service]:
    """The drivers worth trying: the one on PATH, webdriver-manager's, Selenium's own."""
    from selenium.webdriver.chrome.service import Service as ChromeService  # noqa: PLC0415
    from selenium.webdriver.edge.service import Service as EdgeService  # noqa: PLC0415
    from selenium.webdriver.firefox.service import Service as FirefoxService  # noqa: PLC0415

    services = {"firefox": FirefoxService, "edge": EdgeService}
    service: Callable[..., Service] = services.get(browser.kind, ChromeService)
    # A session of its own: Ctrl-C in the terminal is for this program, which then ends the browser in order.
    options: dict[str, Any] = {"env": _environment(), "popen_kw": {"start_new_session": True}}
    found = driver_on_path(browser.kind)
    if found:
        yield service(executable_path=str(found.path), **options)
    managed = _managed_driver(browser.kind)
    if managed:
        yield service(executable_path=managed, **options)
    yield service(**options)


def _managed_driver(kind: str) -> str | None:
    with suppress(Exception):
        if kind == "firefox":
            from webdriver_manager.firefox import GeckoDriverManager  # noqa: PLC0415

            return str(GeckoDriverManager().install())
        if kind == "edge":
            from webdriver_manager.microsoft import EdgeChromiumDriverManager  # noqa: PLC0415

            return str(EdgeChromiumDriverManager().install())
        from webdriver_manager.chrome import ChromeDriverManager  # noqa: PLC0415
        from webdriver_manager.core.os_manager import ChromeType  # noqa: PLC0415

        chrome_type = ChromeType.CHROMIUM if kind == "chromium" else ChromeType.GOOGLE
        return str(ChromeDriverManager(chrome_type=chrome_type).install())
    return None


def _start(browser: Installed, launch: Launch, service: Service) -> WebDriver:
    from selenium import webdriver  # noqa: PLC0415

    options = _options(browser.kind, launch, str(browser.path))
    try:
        if browser.kind == "firefox":
            return webdriver.Firefox(options=options, service=service)  # type: ignore[arg-type]
        if browser.kind == "edge":
            return webdriver.Edge(options=options, service=service)  # type: ignore[arg-type]
        return webdriver.Chrome(options=options, service=service)  # type: ignore[arg-type]
    except BaseException:
        with suppress(Exception):
            service.stop()
        raise


def _start_on_grid(launch: Launch) -> WebDriver:
    from selenium import webdriver  # noqa: PLC0415
    from selenium.common.exceptions import WebDriverException  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    grid = check_grid(launch.grid or "")
    try:
        return webdriver.Remote(command_executor=grid, options=_options(launch.kind or "chrome", launch, None))
    except (WebDriverException, HTTPError, OSError) as error:
        text = (getattr(error, "msg", None) or str(error)).splitlines()[0][:200]
        raise UsageError(f"the grid at {grid} gave no browser: {text}") from error


def _options(kind: str, launch: Launch, binary: str | None) -> ArgOptions:
    from selenium import webdriver  # noqa: PLC0415

    options: ArgOptions
    if kind == "firefox":
        options = firefox = webdriver.FirefoxOptions()
        for name, value in FIREFOX_PREFERENCES + (LIGHT_FIREFOX_PREFERENCES if launch.light else ()):
            firefox.set_preference(name, value)
        arguments = [] if launch.headed else ["-headless"]
        arguments += ["-profile", str(launch.profile)] if launch.profile and not launch.grid else []
        if binary:
            firefox.binary_location = binary
    else:
        options = chromium = webdriver.EdgeOptions() if kind == "edge" else webdriver.ChromeOptions()
        chromium.add_experimental_option(
            "prefs", {"credentials_enable_service": False, "profile.password_manager_enabled": False}
        )
        arguments = list(CHROMIUM_ARGUMENTS) + list(LIGHT_CHROMIUM_ARGUMENTS if launch.light else ())
        arguments += [] if launch.headed else ["--headless=new"]
        arguments += ["--no-sandbox"] if _is_root() else []
        arguments += [f"--user-data-dir={launch.profile}"] if launch.profile and not launch.grid else []
        if binary:
            chromium.binary_location = binary
    for argument in arguments:
        options.add_argument(argument)
    options.page_load_strategy = "eager"
    options.set_capability("webSocketUrl", True)
    options.set_capability("unhandledPromptBehavior", {"default": "ignore"})
    return options


def _quit(driver: WebDriver) -> None:
    """End driver and browser; what does not end by itself is ended."""
    import psutil  # noqa: PLC0415

    process = getattr(getattr(driver, "service", None), "process", None)
    family: list[psutil.Process] = []
    if process is not None:
        with suppress(psutil.Error):
            parent = psutil.Process(process.pid)
            family = [*parent.children(recursive=True), parent]
    with suppress(Exception):
        driver.quit()
    _, alive = psutil.wait_procs(family, timeout=3)
    for survivor in alive:
        with suppress(psutil.Error):
            survivor.kill()


def end_leftovers(profile: Path) -> int:
    """End browsers that an earlier, killed run left on this profile. Call it under the account's lock only."""
    import psutil  # noqa: PLC0415

    ended = 0
    wanted = str(profile)
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if any(argument in (wanted, f"--user-data-dir={wanted}") for argument in arguments):
            with suppress(psutil.Error):
                process.kill()
                ended += 1
    return ended
