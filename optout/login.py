"""Waiting while a person signs in themselves. Nothing is typed or clicked here."""

from __future__ import annotations

from contextlib import suppress

from optout.browser.recognition import PageKind
from optout.browser.session import Session
from optout.browser.views import trim_path
from optout.browser.waiting import DeadlinePassed, Stop, wait_until
from optout.errors import BrowserGone, NeedsHuman, PageError
from optout.visits import Visitor


def wait_for_login(session: Session, visitor: Visitor, stop: Stop, seconds: float) -> None:
    """Return once the account is signed in, proved by the page's path and the service's cookie.

    Raises `NeedsHuman` when the window was closed before that, or after so many `seconds`.
    """
    signin = visitor.service.signin
    assert signin is not None  # noqa: S101 -- the command looked
    tab = session.first_tab
    visitor.open(tab, signin.page)
    start_paths = {trim_path(path) for path in signin.signed_in.paths}
    seen = "nothing yet"

    def signed_in() -> bool:
        nonlocal seen
        with suppress(PageError):
            view, recognized = visitor.glance(tab)
            seen = view.path
            has_cookie = signin.signed_in.cookie is None or any(
                one["name"] == signin.signed_in.cookie and one.get("value", {}).get("value")
                for one in session.cookies()
            )
            return recognized.kind is PageKind.READY and has_cookie and view.path in start_paths
        return False

    try:
        wait_until(signed_in, within=seconds, stop=stop, every=0.5, instead=lambda: seen)
    except BrowserGone as error:
        raise NeedsHuman("the window was closed before you were signed in; run the command again") from error
    except DeadlinePassed as error:
        raise NeedsHuman(f"you were not signed in within {seconds / 60:g} minutes (the page was {seen})") from error
