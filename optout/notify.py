"""Notifications on the desktop: desktop-notifier (extra `notify`), else notify-send or osascript. Never raises."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

APP = "optout"
WAIT_SECONDS = 10.0
NOTIFY_SEND = ("notify-send", f"--app-name={APP}", "--")
OSASCRIPT = (
    "osascript",
    "-e",
    "on run argv",
    "-e",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "-e",
    "end run",
)


def notify(title: str, text: str, environ: Mapping[str, str] | None = None) -> str | None:
    """Shows a notification; gives nothing when it was handed over, else a sentence for the log that says why not."""
    environ = os.environ if environ is None else environ
    if sys.platform == "linux" and not _has_bus(environ):
        return "No notification was shown: there is no desktop session here."
    # On macOS the library speaks for signed app bundles only, and drops what a command line tool gives it.
    first = "the library needs an app bundle" if sys.platform == "darwin" else _by_library(title, text)
    if first is None:
        return None
    second = _by_command(title, text, environ)
    return None if second is None else f"No notification was shown: {first}; {second}."


def _by_library(title: str, text: str) -> str | None:
    try:
        import asyncio  # noqa: PLC0415 -- only where something is shown

        from desktop_notifier import DesktopNotifier  # noqa: PLC0415 -- an extra that may not be there
    except ImportError:
        return "desktop-notifier is not installed (pip install 'optout[notify]')"
    # It logs a failed delivery with its stack and returns as if all were well: the callback is the only sign.
    logging.getLogger("desktop_notifier").addHandler(logging.NullHandler())
    logging.getLogger("desktop_notifier").propagate = False
    delivered: list[bool] = []

    async def show() -> None:
        notifier = DesktopNotifier(app_name=APP, app_icon=None)
        await notifier.send(title=title, message=text, on_dispatched=lambda: delivered.append(True))

    try:
        asyncio.run(asyncio.wait_for(show(), WAIT_SECONDS))
    except TimeoutError:
        return "the notification service did not answer"
    except Exception as error:  # noqa: BLE001 -- its backends raise their own kinds; a notification must not end a run
        return f"the notification service refused ({_first_line(error)})"
    return None if delivered else "no notification service took it"


def _by_command(title: str, text: str, environ: Mapping[str, str]) -> str | None:
    name, *arguments = OSASCRIPT if sys.platform == "darwin" else NOTIFY_SEND
    program = shutil.which(name, path=environ.get("PATH", os.defpath))
    if program is None:
        return f"{name} is not on the PATH"
    try:
        done = subprocess.run(
            [program, *arguments, title, text],
            capture_output=True,
            timeout=WAIT_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        return f"{name} could not be run ({type(error).__name__})"
    return None if done.returncode == 0 else f"{name} failed (exit code {done.returncode})"


def _has_bus(environ: Mapping[str, str]) -> bool:
    runtime = environ.get("XDG_RUNTIME_DIR", "")
    return bool(environ.get("DBUS_SESSION_BUS_ADDRESS")) or (bool(runtime) and os.path.exists(f"{runtime}/bus"))  # noqa: PTH110


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [""])[0].rstrip(".") or type(error).__name__
