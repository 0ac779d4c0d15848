"""The line to a browser that Selenium has started, here or on a grid."""

from __future__ import annotations

from optout.browser.bidi import Channel, Connection
from optout.browser.devtools import DevTools
from optout.browser.driver import Driven
from optout.browser.grid import Address
from optout.errors import BrowserGone

DEVTOOLS_SECONDS = 10.0


def connect(driver: Driven, address: Address | None) -> Channel | None:
    """The line to a started browser: BiDi where that was asked for, else Chromium's own protocol; None for neither.

    Raises `UsageError` when what passes there would be less safe than on the way to the grid itself, `BrowserGone`.
    """
    capabilities = driver.capabilities
    bidi, devtools = capabilities.get("webSocketUrl"), capabilities.get("se:cdp") if address else _devtools(driver)
    if isinstance(bidi, str):
        return Connection(bidi, headers=address.socket_headers(address.checked_socket(bidi)) if address else {})
    if isinstance(devtools, str):
        return DevTools(devtools, headers=address.socket_headers(address.checked_socket(devtools)) if address else {})
    return None


def _devtools(driver: Driven) -> str | None:
    """The address of a browser here for Chromium's own protocol."""
    import urllib3  # noqa: PLC0415 -- slow to import

    options: dict[str, str] = {}
    for name in ("goog:chromeOptions", "ms:edgeOptions"):
        options |= driver.capabilities.get(name) or {}
    where = options.get("debuggerAddress", "").replace("localhost", "127.0.0.1")
    if not where:
        return None
    try:
        with urllib3.PoolManager(timeout=DEVTOOLS_SECONDS, retries=False) as pool:
            told = pool.request("GET", f"http://{where}/json/version").json()
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise BrowserGone(f"the browser ended while it started ({type(error).__name__})") from error
    found: str = told["webSocketDebuggerUrl"]
    return found
