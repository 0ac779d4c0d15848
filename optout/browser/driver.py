"""A WebDriver session, begun with Selenium's own wire, options and driver processes, but without its WebDriver class.

That class imports a module for each part of BiDi (0.1 s of every start, 4.51); of it all only the beginning of a
session is used here, and what is said to the browser afterwards goes another way (`connecting`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from selenium.webdriver.common.options import ArgOptions
    from selenium.webdriver.common.service import Service
    from selenium.webdriver.remote.client_config import ClientConfig


@dataclass(frozen=True, slots=True)
class Driven:
    """A session and what it can. `service`: the driver's process, where it is one of this machine."""

    session_id: str
    capabilities: Mapping[str, Any]
    service: Service | None = None


def begin_here(service: Service, options: ArgOptions) -> Driven:
    """Start a driver, and a browser with it. Raises `WebDriverException` when either does not start."""
    from selenium.webdriver.remote.client_config import ClientConfig  # noqa: PLC0415 -- slow to import

    service.start()
    # A driver is never behind a proxy.
    session_id, capabilities = _begin(ClientConfig(service.service_url), _wanted(options), ignore_proxy=True)
    return Driven(session_id, capabilities, service)


def begin_there(config: ClientConfig, options: ArgOptions) -> Driven:
    """A session of a grid. Raises `WebDriverException` when it gives none, urllib3's errors when there is none."""
    # Selenium's own clients say by which address they reach the grid: the grid makes its answers' addresses of it.
    capabilities = {**_wanted(options), "se:remoteUrl": config.remote_server_addr}
    return Driven(*_begin(config, capabilities, ignore_proxy=False))


def _wanted(options: ArgOptions) -> dict[str, Any]:
    wanted: dict[str, Any] = options.to_capabilities()  # type: ignore[no-untyped-call]
    return wanted


def _begin(config: ClientConfig, wanted: Mapping[str, Any], *, ignore_proxy: bool) -> tuple[str, Mapping[str, Any]]:
    from selenium.common.exceptions import SessionNotCreatedException  # noqa: PLC0415
    from selenium.webdriver.remote.command import Command  # noqa: PLC0415
    from selenium.webdriver.remote.errorhandler import ErrorHandler  # noqa: PLC0415
    from selenium.webdriver.remote.remote_connection import RemoteConnection  # noqa: PLC0415

    wire: Any = RemoteConnection(client_config=config, ignore_proxy=ignore_proxy)
    try:
        capabilities = {"firstMatch": [{}], "alwaysMatch": dict(wanted)}
        answer: dict[str, Any] = wire.execute(Command.NEW_SESSION, {"capabilities": capabilities})
        ErrorHandler().check_response(answer)
    finally:
        wire.close()
    begun = answer.get("value")
    if not isinstance(begun, dict) or not begun.get("sessionId"):
        raise SessionNotCreatedException("no session was given, and no reason")
    return str(begun["sessionId"]), begun.get("capabilities") or {}
