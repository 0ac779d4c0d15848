"""The engine's record keeper: intents before a click, readings, pictures, conclusions; all in the history."""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from optout.browser.tab import Tab
from optout.browser.views import ControlView
from optout.cases import Case
from optout.catalogue.models import Kind
from optout.errors import PageError
from optout.history import History, Intent, Recorded
from optout.outcomes import AccountResult, Outcome, Reading, SettingResult, State
from optout.witnesses import Proved

# A tab that does not draw costs seconds a picture; after so many the run goes on without.
MOST_STALLS = 2
# What these leave of a change is not known: its intent stays open, for the next run to settle or an undo to put back.
UNSETTLED = frozenset({Outcome.FAILED, Outcome.NOT_REACHED, Outcome.UNREADABLE, Outcome.NOT_FOUND})


class HistoryLedger:
    """Keeps one account's run in the history. Used by several threads."""

    def __init__(self, history: History, run_id: int, account: str, origin: str, *, pictures: bool) -> None:
        self._history = history
        self._run_id = run_id
        self._account = account
        self._origin = origin
        self._stalls_left = MOST_STALLS if pictures else 0
        self._lock = threading.Lock()
        self._intents: dict[str, list[int]] = {}
        self._recorded: list[Recorded] = []
        self._pictures: dict[tuple[str, str, str], bytes] = {}

    @property
    def pictures(self) -> Mapping[tuple[str, str, str], bytes]:
        """PNG pictures of controls by account, setting and role (`before`, `after`)."""
        with self._lock:
            return dict(self._pictures)

    def intend(self, case: Case, reading: Reading, detail: Mapping[str, Any]) -> int:
        """Keep what is about to be changed; on the disk when this returns."""
        before = case.before or reading.state
        intent_id = self._history.intend(
            self._run_id, self._account, self._origin, case.setting.id, before, reading.url, detail
        )
        with self._lock:
            self._intents.setdefault(case.setting.id, []).append(intent_id)
        return intent_id

    def saw(self, case: Case, role: str, reading: Reading, proved: Proved) -> None:
        """Keep a reading, with what the control looked like; written when the account's run ends."""
        with self._lock:
            self._recorded.append(Recorded(case.setting.id, role, reading, fingerprint(proved, reading)))

    def picture(self, case: Case, role: str, tab: Tab, proved: Proved) -> None:
        """Take a picture of the control and nothing around it, where pictures are wanted and possible."""
        # The boxes of a set are named after schools and employers: nothing for a page that is shown around.
        if self._stalls_left <= 0 or proved.version.kind is Kind.CHECKBOXES:
            return
        try:
            box = tab.ask("box", {"key": proved.controls[0].key})
            image = base64.b64decode(tab.picture(box)) if box else b""
        except PageError:
            with self._lock:
                self._stalls_left -= 1
            return
        if image:
            with self._lock:
                self._pictures[self._account, case.setting.id, role] = image

    def conclude(self, result: AccountResult, earlier: Mapping[str, Sequence[Intent]]) -> None:
        """Write the account's readings and result, and what became of each intent.

        `earlier`: intents that earlier runs left open. A run that goes on with one that was ended early makes its
        changes its own, for an undo to put back together.
        """
        self._history.record_readings(self._run_id, self._account, self._origin, self._recorded)
        for setting in result.settings:
            if not is_unsettled(setting):
                outcome = setting.outcome
                own = self._intents.get(setting.id, [])
                for intent_id in own:
                    self._history.conclude(intent_id, outcome, None)
                for intent in earlier.get(setting.id, ()):
                    found = Outcome.TURNED_OFF if outcome is Outcome.ALREADY_OFF else outcome
                    by = None if intent.run_was_done else self._run_id
                    self._history.conclude(intent.intent_id, found, None, run_id=by)
        self._history.finish_account(self._run_id, result, self._origin)


def settled(
    command: str, result: AccountResult, earlier: Mapping[str, Sequence[Intent]], *, dry_run: bool
) -> Mapping[str, Sequence[Intent]]:
    """The open intents of earlier runs that a command has settled.

    An undo settles what it put back. A look (a check, a dry run) settles nothing: what it sees was not its doing, and
    is still to be finished by the next run or put back by an undo.
    """
    if command == "undo":
        restored = {one.id for one in result.settings if one.outcome is Outcome.RESTORED}
        return {key: intents for key, intents in earlier.items() if key in restored}
    return earlier if command == "run" and not dry_run else {}


def is_unsettled(setting: SettingResult) -> bool:
    """Whether something may have been changed that no one knows, or only some boxes of several."""
    return setting.outcome in UNSETTLED or (setting.outcome is Outcome.NOT_SAVED and setting.after is State.MIXED)


def fingerprint(proved: Proved, reading: Reading) -> dict[str, Any]:
    """What a control looks like, to find it again after a redesign: its own attributes and labels, no values."""
    first: ControlView = proved.controls[0]
    return {
        "url": reading.url,
        "selector": proved.selector,
        "tag": first.tag,
        "type": first.type,
        "role": first.role,
        "id": first.id,
        "name": first.name,
        "labelledby": list(first.labelledby),
        "names": list(first.names) if len(proved.controls) == 1 else [],
        "ancestors": list(first.ancestors),
    }
