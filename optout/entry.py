"""Getting an account in at the start of a run, and in again when the site signs it out in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from optout.browser.recognition import PageKind, Recognized, is_under
from optout.browser.session import Session
from optout.browser.tab import Tab
from optout.browser.views import PageView, trim_path
from optout.controls import Timing
from optout.errors import NeedsHuman, PageError
from optout.signin import SignInFlow
from optout.visits import Visitor

ATTEMPTS = 2


class Entry:
    """The account's way in: the kept session first, else the password. Shared by the run's threads.

    `cookies` are those of the last sign-in, for a browser that has to be started anew; they are secrets.
    """

    def __init__(self, visitor: Visitor, signin: SignInFlow, timing: Timing, note: Callable[[str], None]) -> None:
        self._visitor = visitor
        self._signin = signin
        self._timing = timing
        self._note = note
        self._lock = threading.Lock()
        self._turns = 0
        self.cookies: list[dict[str, Any]] = []

    @property
    def sign_ins(self) -> int:
        """How often a sign-in by password came to its end in this run.

        Not its beginning: a page that is asked for meanwhile still goes out with the old cookies.
        """
        return self._turns // 2

    @property
    def turns(self) -> int:
        """How often a sign-in by password began or ended: odd while one is under way.

        Meanwhile a page that is asked for may lead to the sign-in, and from there to the start page.
        """
        return self._turns

    def enter(self, session: Session, tab: Tab, start: str) -> None:
        """Get in, beginning at the page `start`; where that is what the tab shows then, it is marked as unread.

        Raises `NeedsHuman` when only the person can go on, `PageError` when the site cannot be reached.
        """
        for attempt in range(ATTEMPTS):
            try:
                if self._try_to_enter(session, tab, start):
                    tab.unread = start
            except PageError as error:
                if attempt + 1 == ATTEMPTS or self._signin.password_was_tried:
                    raise
                self._note(f"{error}; trying once more")
            else:
                return

    def renew(self, session: Session, tab: Tab, sign_ins_before: int) -> None:
        """Sign in again after the site signed out in the middle; threads that come late find it done.

        `sign_ins_before` is what `sign_ins` was before the page was asked for that shows the account signed out.
        """
        with self._lock:
            if self.sign_ins > sign_ins_before:
                return
            if self.sign_ins and self._is_in_after_all(session, tab):
                return
            self._note("signed out in the middle of the run; signing in again")
            self._by_password(session, tab)

    def challenge(self, recognized: Recognized) -> NeedsHuman:
        """What a challenge asks of the person, as an error."""
        return NeedsHuman(self._signin.challenge_text(self._visitor, recognized.challenge))

    def _try_to_enter(self, session: Session, tab: Tab, start: str) -> bool:
        """Get in; True if the tab shows the page `start` afterwards."""
        signin = self._visitor.service.signin
        view, recognized = self._load(tab, start)
        is_at_start = recognized.kind is PageKind.READY
        if signin and is_at_start and not self._signin.is_signed_in(signin, session, view, start):
            # The page asked for has moved, or shows itself to anyone: the start page tells whether someone is in.
            start, is_at_start = signin.signed_in.paths[0], False
            view, recognized = self._load(tab, start)
        if recognized.kind is PageKind.ELSEWHERE:
            raise PageError(f"{recognized.detail}; nothing was typed or clicked there")
        if signin is None:
            return is_at_start
        has_failed = recognized.kind in (PageKind.ERROR, PageKind.NOT_THERE)
        if has_failed and is_under(view.path, (signin.page, *signin.signed_out_paths, *signin.challenge_paths)):
            raise PageError(f"the sign-in page failed: {recognized.detail}")
        if recognized.kind is PageKind.CHALLENGE:
            raise self.challenge(recognized)
        if recognized.kind in (PageKind.SIGNED_OUT, PageKind.REFUSED):
            return self._by_password(session, tab) == trim_path(start)
        if recognized.kind is PageKind.READY and not self._signin.is_signed_in(signin, session, view, start):
            raise PageError(
                f"{self._visitor.service.title} shows {view.path}, but nothing proves that anyone is signed in"
            )
        self.cookies = session.cookies()
        return is_at_start

    def _load(self, tab: Tab, path: str) -> tuple[PageView, Recognized]:
        self._visitor.open(tab, path)
        tab.traffic.wait_quiet(still=self._timing.still, within=self._timing.quiet)
        return self._visitor.glance(tab)

    def _by_password(self, session: Session, tab: Tab) -> str:
        """Sign in; the path of the page where that ended."""
        self._turns += 1
        try:
            with tab.more_time():  # the password is tried once in a run: a slow page is no reason to end it
                path = self._signin.by_password(session, self._visitor, tab)
        finally:
            self._turns += 1
        self.cookies = session.cookies()
        return path

    def _is_in_after_all(self, session: Session, tab: Tab) -> bool:
        """Whether the account is signed in by now: one page asks for more than that, or came with old cookies."""
        signin = self._visitor.service.signin
        if signin is None:
            return False
        start = signin.signed_in.paths[0]
        view, recognized = self._load(tab, start)
        return recognized.kind is PageKind.READY and self._signin.is_signed_in(signin, session, view, start)
