"""Is everything here that a run needs, and if not, the one command that fixes it."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, MutableMapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from optout.accounts import Account, AccountBook
from optout.browser.installed import (
    BROWSER_VARIABLE,
    DRIVER_VARIABLE,
    DRIVERS,
    Installed,
    check_kind,
    driver_hint,
    driver_on_path,
    find_browsers,
    installed_browser,
    majors_fit,
    package_hint,
)
from optout.catalogue.loading import load_catalogue
from optout.encrypted_file import PASSPHRASE_VARIABLE, EncryptedFile
from optout.errors import UsageError
from optout.history import History, HistoryError
from optout.keyrings import BACKEND_VARIABLE, NoSystemKeyring, find_system_keyring
from optout.outcomes import Status, now
from optout.places import Places, private_folder
from optout.secret import MemorySecrets, Secret

LITTLE_SPACE, NO_SPACE = 1_000_000_000, 200_000_000
OLD_DAYS = 270
UPDATE = "pipx upgrade optout"
PACKAGES = ("selenium", "webdriver-manager", "websocket-client", "keyring")
SET_CLOCK = {"darwin": "sudo sntp -sS time.apple.com", "win32": "w32tm /resync"}


class Level(StrEnum):
    """How grave a finding is. Only an error keeps a run from working."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: what was looked at, how it is, and the command that puts it right."""

    name: str
    level: Level
    text: str
    remedy: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The finding as `doctor --json` shows it."""
        return {"name": self.name, "level": self.level, "text": self.text, "remedy": self.remedy}


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the doctor looks at."""

    places: Places
    environ: MutableMapping[str, str]
    platform: str
    today: date
    passphrase: Secret | None
    is_root: bool

    @classmethod
    def this(cls, environ: MutableMapping[str, str]) -> Surroundings:
        """This machine, now. The passphrase is taken out of `environ`: programs are started to ask their version."""
        given = environ.pop(PASSPHRASE_VARIABLE, "")
        passphrase = Secret(given) if given.strip() else None
        is_root = hasattr(os, "geteuid") and os.geteuid() == 0
        return cls(Places.from_environment(environ), environ, sys.platform, now().date(), passphrase, is_root)


def examine(here: Surroundings, kind: str | None = None) -> tuple[Finding, ...]:
    """Every finding, in the order in which things are needed. Raises `UsageError` only for an unknown browser."""
    if kind:
        check_kind(kind)
    return (
        *programs(),
        *browser_and_driver(here, kind),
        display(here),
        home(here),
        disk(here),
        keyring_here(here),
        *catalogue_and_clock(here),
        *history_here(here),
        *accounts(here),
    )


def programs() -> Iterator[Finding]:
    """The versions of what the program is built on."""
    found = []
    for package in ("optout", *PACKAGES):
        try:
            found.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            if package != "optout":
                yield Finding(package, Level.ERROR, f"the Python package {package} is not installed", UPDATE)
    yield Finding("program", Level.OK, f"{', '.join(found)}, Python {sys.version.split()[0]}")


def browser_and_driver(here: Surroundings, kind: str | None = None) -> Iterator[Finding]:
    """The browser that a run would take, the driver for it, and whether they fit."""
    try:
        asked = installed_browser(kind, here.environ, here.platform) if kind else None
        found = (asked,) if asked else () if kind else find_browsers(here.environ, here.platform)
        browser, *others = found or (None,)
        driver = driver_on_path(browser.kind, here.environ, here.platform) if browser else None
    except UsageError as error:
        yield Finding("browser", Level.ERROR, str(error), f"unset {BROWSER_VARIABLE} {DRIVER_VARIABLE}")
        return
    if browser is None:
        hint = package_hint(kind, here.platform)
        yield Finding("browser", Level.ERROR, f"no {kind or 'browser that a run could use'} is installed", hint)
        return
    also = f"; also here: {', '.join(other.kind for other in others if other)}" if others else ""
    yield Finding(
        "browser", Level.OK, f"{browser.kind} {browser.version or '(version unknown)'} at {browser.path}{also}"
    )
    yield _driver(browser, driver, here)
    if here.is_root and browser.kind != "firefox":
        text = "this is root: the browser runs without its sandbox; an ordinary user is safer"
        yield Finding("sandbox", Level.WARNING, text, "sudo adduser optout && sudo -iu optout")


def _driver(browser: Installed, driver: Installed | None, here: Surroundings) -> Finding:
    hint = driver_hint(browser.kind, here.platform)
    if driver is None:
        text = f"no {DRIVERS[browser.kind]} on the PATH: one is downloaded at the first run, if the network allows"
        return Finding("driver", Level.WARNING, text, hint)
    if not majors_fit(browser, driver):
        text = f"{driver.path.name} {driver.version} does not fit {browser.kind} {browser.version}"
        return Finding("driver", Level.ERROR, text, hint)
    fits = "its own numbering" if browser.kind == "firefox" else "same major version as the browser"
    shown = f"{driver.path.name} {driver.version or '(version unknown)'} at {driver.path}"
    return Finding("driver", Level.OK, f"{shown} ({fits})" if driver.version else shown)


def display(here: Surroundings) -> Finding:
    """Whether a visible browser can be shown."""
    if not here.platform.startswith("linux"):
        return Finding("display", Level.OK, "the desktop's own")
    for variable in ("WAYLAND_DISPLAY", "DISPLAY"):
        if here.environ.get(variable):
            return Finding("display", Level.OK, f"{variable}={here.environ[variable]}")
    text = "no display: runs work, but --headed and optout login need a screen"
    return Finding("display", Level.WARNING, text, "ssh -X USER@THIS_MACHINE")


def home(here: Surroundings) -> Finding:
    """Whether the program's folders can be written; what is missing is not made."""
    folders = dict.fromkeys((here.places.home, here.places.config_home, here.places.state_home))
    try:
        for folder in folders:
            if os.path.lexists(folder):
                private_folder(folder)
                continue
            parent = _existing(folder)
            if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
                raise UsageError(f"{folder} cannot be made in {parent}. Name another: export OPTOUT_HOME=~/.optout")
    except UsageError as error:
        return Finding("home", Level.ERROR, str(error), "export OPTOUT_HOME=~/.optout")
    missing = "" if here.places.home.exists() else " (made at the first use)"
    return Finding("home", Level.OK, f"{', '.join(map(str, folders))}: private and writable{missing}")


def disk(here: Surroundings) -> Finding:
    """Whether there is space for browser profiles and reports."""
    folder = _existing(here.places.home)
    try:
        free = shutil.disk_usage(folder).free
    except OSError as error:
        return Finding(
            "disk", Level.WARNING, f"free space of {folder} is unknown ({error.strerror})", f"df -h '{folder}'"
        )
    text = f"{free / 1e9:.1f} GB free at {folder}"
    if free >= LITTLE_SPACE:
        return Finding("disk", Level.OK, text)
    level = Level.ERROR if free < NO_SPACE else Level.WARNING
    return Finding("disk", level, f"only {text}", f"du -sh '{folder}'/* | sort -h")


def keyring_here(here: Surroundings) -> Finding:
    """Where secrets are kept, and whether that is safe."""
    try:
        system = find_system_keyring(here.environ)
    except UsageError as error:
        return Finding("keyring", Level.ERROR, str(error), f"unset {BACKEND_VARIABLE}")
    if not isinstance(system, NoSystemKeyring):
        return Finding("keyring", Level.OK, f"{system.name}, safe")
    text = f"no system keyring ({system.reason}); the encrypted file {here.places.keyring_file} stands in, safe"
    remedy = f"read -rs {PASSPHRASE_VARIABLE} && export {PASSPHRASE_VARIABLE}"
    if here.passphrase:
        try:
            EncryptedFile(here.places.keyring_file, here.passphrase, None).unlock()
        except UsageError as error:
            return Finding("keyring", Level.ERROR, str(error), remedy)
        return Finding("keyring", Level.OK, f"{text}, unlocked by {PASSPHRASE_VARIABLE}")
    return Finding("keyring", Level.WARNING, f"{text}, but its passphrase is asked for each time", remedy)


def catalogue_and_clock(here: Surroundings) -> Iterator[Finding]:
    """Whether the catalogue is valid and young, and the clock not before it."""
    overlay = here.places.overlay_file
    try:
        catalogue = load_catalogue()
    except UsageError as error:
        yield Finding("catalogue", Level.ERROR, f"the packaged catalogue is damaged: {error}", UPDATE)
        return
    day = catalogue.catalogue
    count = sum(len(service.settings) for service in catalogue.services)
    text = f"of {day}, {count} settings of {', '.join(service.title for service in catalogue.services)}"
    age = (here.today - day).days
    if age > OLD_DAYS:
        yield Finding("catalogue", Level.WARNING, f"{text}; {age} days old", UPDATE)
    else:
        yield Finding("catalogue", Level.OK, f"{text}, valid")
    if overlay.exists():
        try:
            load_catalogue(home=overlay.parent)
            yield Finding("overlay", Level.OK, f"{overlay} is laid over it, valid")
        except UsageError as error:
            yield Finding("overlay", Level.ERROR, str(error), f"mv '{overlay}' '{overlay}.broken'")
    if age < 0:
        remedy = SET_CLOCK.get(here.platform, "sudo timedatectl set-ntp true")
        yield Finding("clock", Level.ERROR, f"it says {here.today}, before the catalogue's day {day}", remedy)
    else:
        yield Finding("clock", Level.OK, f"it says {here.today}")


def history_here(here: Surroundings) -> Iterator[Finding]:
    """Whether the history can be used; nothing is said of one that is not there yet."""
    if not here.places.history_file.exists():
        return
    try:
        with History.open(here.places.history_file) as history:
            last = next(iter(history.runs(1)), None)
    except HistoryError as error:
        yield Finding("history", Level.ERROR, str(error), _out_of_the_way(here.places.history_file, error))
        return
    said = f"the last run is of {last.started.date()}" if last else "no run yet"
    yield Finding("history", Level.OK, f"{here.places.history_file}: {said}")


def accounts(here: Surroundings) -> Iterator[Finding]:
    """The accounts, whether their browser profile is kept, and how their last run ended."""
    try:
        known = AccountBook(here.places, MemorySecrets()).list()
    except UsageError as error:
        yield Finding("accounts", Level.ERROR, str(error), _out_of_the_way(here.places.accounts_file, error))
        return
    if not known:
        yield Finding("accounts", Level.WARNING, "none is set up yet", "optout accounts add me")
        return
    try:
        statuses = _last_statuses(here, known)
    except HistoryError:
        statuses = {}  # told in the history's own line
    for account in known:
        yield _account(account, statuses.get(account.name), here)


def _account(account: Account, status: tuple[date, Status | None] | None, here: Surroundings) -> Finding:
    name = f"account {account.name}"
    who = f"{account.username} at {account.origin}"
    signing_in = f"optout login {account.name}"
    if not here.places.profile(account.name, account.origin).is_dir():
        text = f"{who}: no browser profile is kept yet, the next run signs in with the stored password"
        return Finding(name, Level.WARNING, text, signing_in)
    if status is None:
        return Finding(name, Level.OK, f"{who}: a browser profile is kept, no run yet")
    day, came_to = status
    if came_to is Status.NEEDS_HUMAN:
        return Finding(name, Level.WARNING, f"{who}: the run of {day} needed a person, the session is gone", signing_in)
    if came_to is not Status.DONE:
        text = f"{who}: the run of {day} did not come to its end ({came_to or 'stopped'})"
        return Finding(name, Level.WARNING, text, f"optout check {account.name}")
    return Finding(name, Level.OK, f"{who}: the session held in the run of {day}")


def _last_statuses(here: Surroundings, known: tuple[Account, ...]) -> dict[str, tuple[date, Status | None]]:
    if not here.places.history_file.exists():
        return {}
    found: dict[str, tuple[date, Status | None]] = {}
    with History.open(here.places.history_file) as history:
        for account in known:
            rows = (row for row in history.runs(20, account.name) if row.origins.get(account.name) == account.origin)
            last = next(rows, None)
            if last is not None:
                found[account.name] = (last.started.date(), last.statuses.get(account.name))
    return found


def _existing(folder: Path) -> Path:
    """The folder, or the nearest of its parents that is there."""
    return next(place for place in (folder, *folder.parents) if os.path.lexists(place))


def _out_of_the_way(path: Path, error: UsageError) -> str:
    # A file of a newer version is whole: moving it away would lose what it holds.
    return UPDATE if "newer" in str(error) else f"mv '{path}' '{path}.broken'"
