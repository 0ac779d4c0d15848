"""Starting a browser: which one, with which driver, with what switched off; or a session on a grid."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import TimeoutExpired
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from optout.browser.connecting import connect
from optout.browser.driver import Driven, begin_here
from optout.browser.grid import Address, Heartbeat, end_session, start_session
from optout.browser.installed import (
    DRIVERS,
    Installed,
    Kind,
    driver_hint,
    driver_on_path,
    installed_browser,
    majors_fit,
    package_hint,
    program_version,
)
from optout.browser.session import Browser, Session
from optout.browser.waiting import DeadlinePassed, Stop, wait_until
from optout.errors import UsageError

if TYPE_CHECKING:
    import psutil
    from selenium.webdriver.common.options import ArgOptions
    from selenium.webdriver.common.service import Service

T = TypeVar("T")
# How long the network may take to bring a driver, by each way, before the next one is tried.
DOWNLOAD_SECONDS = 45.0
BROWSER_END_SECONDS = 3.0
DRIVER_END_SECONDS = 2.0
LEFTOVER_END_SECONDS = 5.0
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
    # The address bar's suggestions are two web pages of their own, loaded with every window (1 s of CPU time, 156).
    "--disable-features=Translate,MediaRouter,OptimizationHints,PasswordManagerOnboarding,"
    "WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
    # Several tabs to a process: to start one takes 0.1 s. No fewer processes: a page that hangs stops those of its own.
    "--renderer-process-limit=4",
    "--window-size=1280,1000",
)
LIGHT_CHROMIUM_ARGUMENTS = ("--blink-settings=imagesEnabled=false", "--disable-remote-fonts", "--mute-audio")
# Without its tabs and bars the window is not painted anew for every step of every load (a fifth of the CPU time, 156).
HEADLESS_CHROMIUM_ARGUMENTS = ("--headless=new", "--kiosk", "--screen-info={1280x1000}")
FIREFOX_PREFERENCES: tuple[tuple[str, bool | int | str], ...] = (
    ("privacy.globalprivacycontrol.enabled", True),
    ("privacy.globalprivacycontrol.functionality.enabled", True),
    ("signon.rememberSignons", False),
    ("signon.autofillForms", False),
    ("dom.serviceWorkers.enabled", False),
    # Timers of the tabs that wait behind the first: the second of these holds where the third is off (153).
    ("dom.min_background_timeout_value", 4),
    ("dom.min_background_timeout_value_without_budget_throttling", 4),
    ("dom.timeout.enable_budget_timer_throttling", False),
    ("browser.startup.page", 0),
    ("browser.shell.checkDefaultBrowser", False),
    ("browser.aboutwelcome.enabled", False),
    ("datareporting.policy.dataSubmissionEnabled", False),
    ("toolkit.telemetry.enabled", False),
    ("app.update.enabled", False),
    ("network.captive-portal-service.enabled", False),
    ("network.connectivity-service.enabled", False),
    # What a window does for somebody who browses: a tenth of the CPU time of a run (153).
    ("places.history.enabled", False),
    ("browser.chrome.site_icons", False),
    ("browser.chrome.favicons", False),
    ("browser.pagethumbnails.capturing_disabled", True),
    ("browser.newtabpage.enabled", False),
    ("browser.newtab.preload", False),
    ("browser.translations.enable", False),
    ("browser.sessionstore.interval", 3_600_000),
    ("browser.sessionhistory.max_total_viewers", 0),
    ("dom.ipc.processPrelaunch.enabled", False),
)
# As in Chromium: tabs and bars painted anew for every step of every load take a fifth of the CPU time (153).
HEADLESS_FIREFOX_ARGUMENTS = ("-headless", "-kiosk")
HEADLESS_FIREFOX_PREFERENCES = (("ui.prefersReducedMotion", 1),)
LIGHT_FIREFOX_PREFERENCES = (
    ("permissions.default.image", 2),
    ("gfx.downloadable_fonts.enabled", False),
    ("media.autoplay.default", 5),
    ("media.preload.default", 1),
    ("media.preload.auto", 1),
)


@dataclass(frozen=True, slots=True)
class Launch:
    """Which browser to start, and how.

    `kind`: chromium, chrome, edge, firefox or None for the first that is installed. `light` leaves out images and
    web fonts. `grid` is the address of a Selenium Grid. `for_person` is a browser that a person uses themselves.
    `speaks_bidi`: Chromium too is spoken to in BiDi; Firefox always is.
    """

    kind: Kind | None = None
    headed: bool = False
    profile: Path | None = None
    grid: str | None = None
    light: bool = True
    for_person: bool = False
    speaks_bidi: bool = False


def open_browser(launch: Launch, stop: Stop, warn: Callable[[str], None]) -> Browser:
    """Start a browser, connect to it and prepare it.

    Raises `UsageError` when there is no browser, no driver, no display or no grid, naming the remedy;
    `BrowserGone` when it ended while it started.
    """
    address = Address.parse(launch.grid) if launch.grid else None
    driver = (
        start_session(address, _options(launch.kind or "chrome", launch, None))
        if address
        else _start_here(launch, warn)
    )
    try:
        connection = connect(driver, address)
        if connection is None and not launch.speaks_bidi:
            _end(driver, address)
            return open_browser(replace(launch, speaks_bidi=True), stop, warn)
        if connection is None:
            raise UsageError(
                "this browser offers no WebDriver BiDi: update the browser and its driver (`optout doctor`)"
            )
        stop.on_stop(lambda: connection.abort(stop.error()))
        stop.check()
        has_native_gpc = driver.capabilities.get("browserName") == "firefox"
        heartbeat = Heartbeat(address, driver.session_id, connection) if address else None
        return Browser(
            connection,
            lambda: _end(driver, address, heartbeat),
            has_native_gpc=has_native_gpc,
            is_light=launch.light,
        )
    except BaseException:
        _end(driver, address)
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
    return Address.parse(url).url


def _start_here(launch: Launch, warn: Callable[[str], None]) -> Driven:
    from selenium.common.exceptions import WebDriverException  # noqa: PLC0415 -- slow to import

    browser = installed_browser(launch.kind, ask_version=False)
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
    for service in _services(browser, failures):
        try:
            return _start(browser, launch, service)
        except (WebDriverException, OSError, ValueError) as error:
            failures.append((getattr(error, "msg", None) or str(error)).splitlines()[0][:200])
    raise UsageError(
        f"{browser.kind} {program_version(browser.path)} could not be started: "
        f"{failures[0] if failures else 'no driver was found'}; "
        f"install the driver that fits it: {driver_hint(browser.kind)}, then try `optout doctor`"
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


def _services(browser: Installed, failures: list[str]) -> Iterator[Service]:
    """The drivers worth trying: the one on PATH, webdriver-manager's, Selenium's own. Notes why one is left out."""
    from selenium import webdriver  # noqa: PLC0415 -- imports each of its parts when it is asked for

    names = {"firefox": "FirefoxService", "edge": "EdgeService"}
    service: Callable[..., Service] = getattr(webdriver, names.get(browser.kind, "ChromeService"))
    # A session of its own: Ctrl-C in the terminal is for this program, which then ends the browser in order.
    options: dict[str, Any] = {"env": _environment(), "popen_kw": {"start_new_session": True}}
    found = driver_on_path(browser.kind, ask_version=False)
    if found:
        yield service(executable_path=str(found.path), **options)
        # Asked for only now: it takes up to 0.3 s each, and a driver itself refuses a browser that it does not fit.
        browser, found = (replace(one, version=program_version(one.path)) for one in (browser, found))
        if not majors_fit(browser, found):
            failures.insert(0, f"{found.path} is version {found.version} and does not fit it")
    else:
        failures.append("no driver is on the PATH")
    for find in (_managed_driver, _selenium_driver):
        managed = _within(DOWNLOAD_SECONDS, lambda find=find: find(browser.kind))  # type: ignore[misc]
        if managed:
            yield service(executable_path=managed, **options)


def _within(seconds: float, function: Callable[[], T | None]) -> T | None:
    """What a function of another library gives within so many seconds; None when it fails or takes longer."""
    future: Future[T | None] = Future()

    def work() -> None:
        try:
            future.set_result(function())
        except BaseException as error:  # noqa: BLE001 -- told to the thread that waits
            future.set_exception(error)

    # A daemon: what hangs on a dead network does not keep the program from ending.
    Thread(target=work, name="driver-search", daemon=True).start()
    with suppress(Exception):
        return future.result(seconds)
    return None


def _managed_driver(kind: str) -> str | None:
    """webdriver-manager's driver."""
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


def _selenium_driver(kind: str) -> str | None:
    """The driver that Selenium's own manager finds or fetches."""
    from selenium.webdriver.common.selenium_manager import SeleniumManager  # noqa: PLC0415

    name = {"firefox": "firefox", "edge": "edge"}.get(kind, "chrome")
    paths = SeleniumManager().binary_paths(["--browser", name, "--skip-driver-in-path", "--skip-browser-in-path"])
    return paths.get("driver_path") or None


def _start(browser: Installed, launch: Launch, service: Service) -> Driven:
    try:
        return begin_here(service, _options(browser.kind, launch, str(browser.path)))
    except BaseException:
        with suppress(Exception):
            service.stop()
        raise


def _options(kind: str, launch: Launch, binary: str | None) -> ArgOptions:
    from selenium import webdriver  # noqa: PLC0415

    options: ArgOptions
    if kind == "firefox":
        options = firefox = webdriver.FirefoxOptions()
        preferences = FIREFOX_PREFERENCES + (LIGHT_FIREFOX_PREFERENCES if launch.light else ())
        for name, value in preferences + (() if launch.headed else HEADLESS_FIREFOX_PREFERENCES):
            firefox.set_preference(name, value)
        arguments = [] if launch.headed else list(HEADLESS_FIREFOX_ARGUMENTS)
        arguments += ["-profile", str(launch.profile)] if launch.profile and not launch.grid else []
        if binary:
            firefox.binary_location = binary
    else:
        options = chromium = webdriver.EdgeOptions() if kind == "edge" else webdriver.ChromeOptions()
        chromium.add_experimental_option(
            "prefs", {"credentials_enable_service": False, "profile.password_manager_enabled": False}
        )
        arguments = list(CHROMIUM_ARGUMENTS) + list(LIGHT_CHROMIUM_ARGUMENTS if launch.light else ())
        arguments += [] if launch.headed else HEADLESS_CHROMIUM_ARGUMENTS
        arguments += ["--no-sandbox"] if _is_root() else []
        arguments += [f"--user-data-dir={launch.profile}"] if launch.profile and not launch.grid else []
        if binary:
            chromium.binary_location = binary
    for argument in arguments:
        options.add_argument(argument)
    options.accept_insecure_certs = False  # Selenium's own choice for Firefox is True (4.51)
    options.page_load_strategy = "eager"
    if kind == "firefox" or launch.speaks_bidi:
        options.set_capability("webSocketUrl", True)
    options.set_capability("unhandledPromptBehavior", {"default": "ignore"})
    return options


def _end(driver: Driven, address: Address | None, heartbeat: Heartbeat | None = None) -> None:
    """End driver and browser; what does not end by itself is ended."""
    if heartbeat:
        heartbeat.stop()
    if address:
        end_session(address, driver.session_id)
        return
    import psutil  # noqa: PLC0415

    # Not driver.quit(): it waits for minutes where the driver hangs (selenium 4.51).
    service, family = driver.service, list[psutil.Process]()
    process = getattr(service, "process", None)
    if service is None or process is None:
        return
    if process.poll() is not None:  # the driver died alone; its browser has nobody else
        profile = (driver.capabilities.get("chrome") or driver.capabilities.get("msedge") or {}).get("userDataDir")
        if profile:
            end_leftovers(Path(profile))
        return
    with suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        family = parent.children(recursive=True)
    end_session(Address(service.service_url), driver.session_id)
    _wait_for_end(family, BROWSER_END_SECONDS)
    process.terminate()
    with suppress(TimeoutExpired):
        process.wait(DRIVER_END_SECONDS)
    for survivor in family:
        with suppress(psutil.Error):
            survivor.kill()
    if process.poll() is None:
        process.kill()
        process.wait()


def end_leftovers(profile: Path) -> int:
    """End browsers that an earlier, killed run left on this profile, and their drivers; how many processes that were.

    Call it under the account's lock only.
    """
    import psutil  # noqa: PLC0415

    wanted = str(profile)
    left: list[psutil.Process] = []
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if any(argument in (wanted, f"--user-data-dir={wanted}") for argument in arguments):
            with suppress(psutil.Error):
                parent = process.parent()
                left += [parent] if parent and Path(parent.name()).stem in DRIVERS.values() else []
            left.append(process)
    for process in left:
        with suppress(psutil.Error):
            process.kill()
    # A profile belongs to a browser until that has ended: the next one would refuse it.
    _wait_for_end(left, LEFTOVER_END_SECONDS)
    return len(left)


def _wait_for_end(processes: Sequence[psutil.Process], seconds: float) -> None:
    """Wait until these have ended, at most so many seconds.

    Not psutil.wait_procs: it waits until somebody has collected them too, and of a browser's orphans a container's
    first process takes its time over that (two seconds at every end, psutil 7).
    """
    with suppress(DeadlinePassed):
        wait_until(lambda: not any(_is_alive(one) for one in processes), within=seconds, stop=Stop(), every=0.01)


def _is_alive(process: psutil.Process) -> bool:
    import psutil  # noqa: PLC0415 -- slow to import

    try:
        return process.is_running() and process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False
