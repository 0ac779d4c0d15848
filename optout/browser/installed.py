"""Which browsers and drivers this machine has. Looks only; starts nothing but `--version`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from optout.errors import UsageError

Kind = Literal["chromium", "chrome", "firefox", "edge"]
KINDS: tuple[Kind, ...] = get_args(Kind)
BROWSER_VARIABLE = "OPTOUT_BROWSER_BINARY"
DRIVER_VARIABLE = "OPTOUT_DRIVER"
VERSION_SECONDS = 20
VERSION = re.compile(r"\d+(?:\.\d+)+")

COMMANDS: dict[Kind, tuple[str, ...]] = {
    "chromium": ("chromium", "chromium-browser"),
    "chrome": ("google-chrome", "google-chrome-stable", "chrome"),
    "firefox": ("firefox", "firefox-esr"),
    "edge": ("microsoft-edge", "microsoft-edge-stable", "msedge"),
}
DRIVERS: dict[Kind, str] = {
    "chromium": "chromedriver",
    "chrome": "chromedriver",
    "firefox": "geckodriver",
    "edge": "msedgedriver",
}
MACOS: dict[Kind, tuple[str, ...]] = {
    "chromium": ("Chromium.app/Contents/MacOS/Chromium",),
    "chrome": ("Google Chrome.app/Contents/MacOS/Google Chrome",),
    "firefox": ("Firefox.app/Contents/MacOS/firefox",),
    "edge": ("Microsoft Edge.app/Contents/MacOS/Microsoft Edge",),
}
WINDOWS: dict[Kind, tuple[str, ...]] = {
    "chromium": (r"Chromium\Application\chrome.exe",),
    "chrome": (r"Google\Chrome\Application\chrome.exe",),
    "firefox": (r"Mozilla Firefox\firefox.exe",),
    "edge": (r"Microsoft\Edge\Application\msedge.exe",),
}
WINDOWS_ROOTS = ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
PACKAGES: dict[str, dict[Kind, str]] = {
    "linux": {
        "chromium": "sudo apt-get install chromium chromium-driver",
        "chrome": "sudo apt-get install chromium chromium-driver",
        "firefox": "sudo apt-get install firefox-esr",
        "edge": "sudo apt-get install microsoft-edge-stable",
    },
    "darwin": {
        "chromium": "brew install --cask chromium && brew install --cask chromedriver",
        "chrome": "brew install --cask google-chrome",
        "firefox": "brew install --cask firefox && brew install geckodriver",
        "edge": "brew install --cask microsoft-edge",
    },
    "win32": {
        "chromium": "winget install Hibbiki.Chromium",
        "chrome": "winget install Google.Chrome",
        "firefox": "winget install Mozilla.Firefox Mozilla.GeckoDriver",
        "edge": "winget install Microsoft.Edge",
    },
}

# Debian has no geckodriver of its own.
DRIVER_PACKAGES: dict[str, dict[Kind, str]] = {
    "linux": {
        "chromium": "sudo apt-get install chromium-driver",
        "chrome": "sudo apt-get install chromium-driver",
        "firefox": "cargo install geckodriver",
        "edge": "sudo apt-get install chromium chromium-driver",
    },
    "darwin": {
        "chromium": "brew install --cask chromedriver",
        "chrome": "brew install --cask chromedriver",
        "firefox": "brew install geckodriver",
        "edge": "brew install --cask microsoft-edge",
    },
    "win32": {
        "chromium": "winget install Chromium.ChromeDriver",
        "chrome": "winget install Chromium.ChromeDriver",
        "firefox": "winget install Mozilla.GeckoDriver",
        "edge": "winget install Microsoft.EdgeDriver",
    },
}


@dataclass(frozen=True, slots=True)
class Installed:
    """A program of this machine; `version` is empty where it could not be told or was not asked for."""

    kind: Kind
    path: Path
    version: str

    @property
    def major(self) -> int | None:
        """The first number of the version."""
        return int(self.version.split(".")[0]) if self.version else None


def check_kind(name: str) -> Kind:
    """The kind of browser of that name; `UsageError` when there is none."""
    for kind in KINDS:
        if kind == name:
            return kind
    raise UsageError(f"There is no browser {name!r} to choose. Use --browser with one of: {', '.join(KINDS)}")


def installed_browser(
    kind: str | None = None,
    environ: Mapping[str, str] | None = None,
    platform: str = sys.platform,
    *,
    ask_version: bool = True,
) -> Installed | None:
    """The browser of that kind, or the first of chromium, chrome, firefox, edge; `OPTOUT_BROWSER_BINARY` goes first.

    Asking for the version starts the browser for about 0.3 s.
    Raises `UsageError` for an unknown kind, and where that variable names no program or one of another kind.
    """
    wanted = check_kind(kind) if kind else None
    environ = os.environ if environ is None else environ
    override = environ.get(BROWSER_VARIABLE, "").strip()
    if override:
        return _named_by_variable(override, wanted, platform, ask_version)
    for each in (wanted,) if wanted else KINDS:
        for path in _places(each, environ, platform):
            return Installed(each, path, program_version(path, platform) if ask_version else "")
    return None


def find_browsers(environ: Mapping[str, str] | None = None, platform: str = sys.platform) -> tuple[Installed, ...]:
    """Every browser found, one per kind, in the order of preference."""
    environ = os.environ if environ is None else environ
    if environ.get(BROWSER_VARIABLE, "").strip():
        named = installed_browser(None, environ, platform)
        return (named,) if named else ()
    found = (installed_browser(kind, environ, platform) for kind in KINDS)
    return tuple(browser for browser in found if browser)


def driver_on_path(
    kind: str,
    environ: Mapping[str, str] | None = None,
    platform: str = sys.platform,
    *,
    ask_version: bool = True,
) -> Installed | None:
    """The driver for that kind of browser: the one that `OPTOUT_DRIVER` names, else the one on the PATH.

    Raises `UsageError` for an unknown kind, and where that variable names no program.
    """
    wanted = check_kind(kind)
    environ = os.environ if environ is None else environ
    override = environ.get(DRIVER_VARIABLE, "").strip()
    if override:
        path = Path(override).expanduser()
        if not _is_program(path):
            raise UsageError(f"{DRIVER_VARIABLE} names {override}, which is no program. Use: unset {DRIVER_VARIABLE}")
        if DRIVERS[wanted] not in path.stem.lower():
            return None  # the variable is set for another browser than this one
    else:
        found = shutil.which(DRIVERS[wanted], path=environ.get("PATH", ""))
        if not found:
            return None
        path = Path(found)
    return Installed(wanted, path, program_version(path, platform) if ask_version else "")


def find_driver(
    browser: Installed, environ: Mapping[str, str] | None = None, platform: str = sys.platform
) -> Installed | None:
    """The driver on this machine for that browser, whatever its version."""
    return driver_on_path(browser.kind, environ, platform)


def majors_fit(browser: Installed, driver: Installed) -> bool:
    """Whether driver and browser work together; unknown versions are given the benefit of the doubt.

    geckodriver has a numbering of its own, and works with every Firefox of the last years.
    """
    if browser.kind == "firefox" or browser.major is None or driver.major is None:
        return True
    return browser.major == driver.major


def package_hint(kind: str | None = None, platform: str = sys.platform) -> str:
    """The one command that installs that browser (and its driver, where there is a package)."""
    return PACKAGES[platform if platform in PACKAGES else "linux"][check_kind(kind or "chromium")]


def driver_hint(kind: str, platform: str = sys.platform) -> str:
    """The one command that installs the driver for that browser."""
    return DRIVER_PACKAGES[platform if platform in DRIVER_PACKAGES else "linux"][check_kind(kind)]


def program_version(path: Path, platform: str = sys.platform) -> str:
    """The version that the program states, or nothing where it states none."""
    if platform == "win32" and not path.stem.lower().endswith("driver"):
        # Browsers there open a window on --version; their folder is named after the version.
        return max((name for name in _names(path.parent) if VERSION.fullmatch(name)), key=_numbers, default="")
    try:
        done = subprocess.run(
            [str(path), "--version"],
            capture_output=True,
            timeout=VERSION_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env={name: value for name, value in os.environ.items() if not name.startswith("OPTOUT_")},
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    found = VERSION.search(done.stdout)
    return found[0] if found else ""


def _named_by_variable(override: str, kind: Kind | None, platform: str, ask_version: bool) -> Installed:
    path = Path(override).expanduser()
    if not _is_program(path):
        raise UsageError(f"{BROWSER_VARIABLE} names {override}, which is no program. Use: unset {BROWSER_VARIABLE}")
    named = _kind_of(path)
    if kind and named != kind and {kind, named} != {"chrome", "chromium"}:
        raise UsageError(
            f"{BROWSER_VARIABLE} names {override}, a {named}, but --browser asks for {kind}. "
            f"Use: --browser {named} (or unset {BROWSER_VARIABLE})"
        )
    return Installed(kind or named, path, program_version(path, platform) if ask_version else "")


def _kind_of(path: Path) -> Kind:
    name = path.name.lower()
    if "firefox" in name:
        return "firefox"
    if "edge" in name:
        return "edge"
    return "chrome" if "chrome" in name and "chromium" not in name else "chromium"


def _places(kind: Kind, environ: Mapping[str, str], platform: str) -> Iterator[Path]:
    """The programs of that kind that are there, the PATH's first."""
    for command in COMMANDS[kind]:
        found = shutil.which(command, path=environ.get("PATH", ""))
        if found:
            yield Path(found)
    usual: list[Path] = []
    if platform == "darwin":
        roots = (Path("/Applications"), Path(environ.get("HOME", "/")) / "Applications")
        usual = [root / place for root in roots for place in MACOS[kind]]
    elif platform == "win32":
        folders = [environ[name] for name in WINDOWS_ROOTS if environ.get(name)]
        usual = [Path(root, *place.split("\\")) for root in folders for place in WINDOWS[kind]]
    yield from (path for path in usual if path.is_file())


def _is_program(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _names(folder: Path) -> list[str]:
    try:
        return [entry.name for entry in folder.iterdir()]
    except OSError:
        return []


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
