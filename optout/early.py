"""A browser that starts while the program gets ready: the one waits for other processes, the other computes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from optout.accounts import AccountBook, lock_of
from optout.browser.launch import Launch, end_leftovers, open_session
from optout.browser.session import Session
from optout.browser.waiting import Stop
from optout.errors import OptoutError
from optout.origins import normal_origin
from optout.places import Places, private_folder
from optout.secret import MemorySecrets

Warn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is known of a command before its catalogue is read. `launch` is without a profile."""

    accounts: tuple[str, ...]
    all_: bool
    origin: str | None
    launch: Launch


class EarlyBrowser:
    """A browser that starts in the background on one account's profile, under that account's lock."""

    def __init__(self, launch: Launch, profile: Path, lock: FileLock, start: Callable[[Launch, Warn], Session]) -> None:
        """`lock` is held by the caller; closing frees it."""
        self._launch = replace(launch, profile=profile)
        self._profile = profile
        self._lock = lock
        self._is_new = not profile.exists()
        self._warnings: list[str] = []
        pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="early-browser")
        self._starting: Future[Session] | None = pool.submit(start, self._launch, self._warnings.append)
        pool.shutdown(wait=False)

    @property
    def is_new(self) -> bool:
        """Whether there was no profile before."""
        return self._is_new

    def is_on(self, profile: Path) -> bool:
        """Whether the browser is on that profile."""
        return profile == self._profile

    def take(self, launch: Launch, warn: Warn) -> Session | None:
        """The browser, once it has started; None where it is not what is wanted, and every further time.

        Raises what its start raised.
        """
        if launch != self._launch or self._starting is None:
            return None
        starting, self._starting = self._starting, None
        try:
            return starting.result()
        finally:
            for text in self._warnings:
                warn(text)

    def close(self) -> None:
        """Free the account's lock; before that, end the browser if nobody took it, with the profile that it made."""
        starting, self._starting = self._starting, None
        if starting is not None:
            with suppress(Exception):  # nobody asked for this browser: why it did not start is no news
                starting.result().close()
            if self._is_new:
                shutil.rmtree(self._profile, ignore_errors=True)
        self._lock.release()


@contextmanager
def early_browser(
    beginning: Beginning | None,
    places: Places,
    stop: Stop,
    open_session: Callable[[Launch, Stop, Warn], Session] = open_session,
) -> Iterator[EarlyBrowser | None]:
    """The browser of the account that a command begins with, starting already; it loads no page.

    None where nothing is known of the beginning, where anything is wrong (the ordinary way says what), and where
    another run is at work on the account.
    """
    account = _first_account(beginning, places) if beginning else None
    lock = _taken_lock(places, *account) if account else None
    if not beginning or not account or not lock:
        yield None
        return
    try:
        _import_selenium()
        profile = places.profile(*account)
        end_leftovers(profile)
        early = EarlyBrowser(beginning.launch, profile, lock, lambda launch, warn: open_session(launch, stop, warn))
        try:
            yield early
        finally:
            early.close()
    finally:
        lock.release()


def _first_account(beginning: Beginning, places: Places) -> tuple[str, str] | None:
    """The first account's name, and the origin that is most probably visited for it."""
    with suppress(OptoutError, OSError, ValueError):
        account = AccountBook(places, MemorySecrets()).pick(beginning.accounts, all_=beginning.all_)[0]
        origin = beginning.origin or account.origin
        return (account.name, origin) if normal_origin(origin) == origin.rstrip("/") else None
    return None


def _taken_lock(places: Places, account: str, origin: str) -> FileLock | None:
    with suppress(OptoutError, OSError, Timeout):
        private_folder(places.profiles)
        lock = lock_of(places, account, origin)
        lock.acquire(timeout=0)
        return lock
    return None


def _import_selenium() -> None:
    """Before the thread starts, where it would share the interpreter with the imports of everything else."""
    import selenium.webdriver.chrome.options  # noqa: PLC0415 -- slow to import
    import selenium.webdriver.chrome.service  # noqa: PLC0415
    import selenium.webdriver.remote.remote_connection  # noqa: F401, PLC0415
