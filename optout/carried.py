"""The sign-in that a grid's browser gets for one run: taken from the account's kept profile, kept nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from optout.browser.launch import Launch
from optout.browser.session import Session
from optout.browser.waiting import Stop
from optout.errors import BrowserGone, UsageError

Cookie = dict[str, Any]


def carried_cookies(
    launch: Launch, origin: str, open_session: Callable[[Launch], Session], tell: Callable[[str], None]
) -> tuple[Cookie, ...]:
    """The cookies that the profile of `launch` has for one origin; none where there is no profile or no browser here.

    The browser is started here and headless, and loads no page.
    """
    if launch.profile is None or not _is_kept(launch.profile):
        return ()
    try:
        session = open_session(launch)
    except (UsageError, BrowserGone) as error:
        tell(f"the kept sign-in cannot be read here ({error}); the stored password is used")
        return ()
    try:
        return tuple(cookie for domain in cookie_domains(origin) for cookie in session.cookies_for(domain))
    finally:
        session.close()


def set_cookies(session: Session, cookies: tuple[Cookie, ...], stop: Stop) -> None:
    """Put carried cookies into a session that is about to visit their origin."""
    for cookie in cookies:
        stop.check()
        session.set_cookie(cookie)


def cookie_domains(origin: str) -> Iterator[str]:
    """The domains whose cookies are sent to an origin, in both spellings, from its host up; no top-level domain."""
    host = urlsplit(origin).hostname or ""
    yield host
    if host == "localhost" or ":" in host or host.replace(".", "").isdigit():
        return
    yield f".{host}"
    labels = host.split(".")
    for start in range(1, len(labels) - 1):
        parent = ".".join(labels[start:])
        yield parent
        yield f".{parent}"


def _is_kept(profile: Path) -> bool:
    try:
        return any(profile.iterdir())
    except OSError:
        return False
