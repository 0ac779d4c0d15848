"""Going on with a bulk run that was stopped: what it finished lately is reported again, not visited again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from optout.errors import Stopped
from optout.history import History, RunRow
from optout.outcomes import AccountResult, Status, iso

LATELY = timedelta(hours=12)
MOST_RUNS = 50


def finished_before(
    history: History, account: str, origin: str, setting_ids: Collection[str], run_id: int, moment: datetime
) -> AccountResult | None:
    """The account's result in the stopped bulk run that `run_id` goes on with, as `skipped`; None: visit it.

    To be asked while holding the account's lock. None as soon as anything else happened to the account since: another
    run of any kind, a change that was not concluded, another scope, or more than 12 hours.
    """
    if history.unfinished(account, origin):
        return None
    for row in history.runs(MOST_RUNS, account):
        if row.run_id >= run_id:
            continue
        if row.origins.get(account) != origin or moment - row.started > LATELY or not _was_stopped(history, row):
            return None
        if row.statuses.get(account) is not Status.SKIPPED:
            return _as_skipped(history, row, account, setting_ids)
    return None


def _as_skipped(history: History, row: RunRow, account: str, setting_ids: Collection[str]) -> AccountResult | None:
    if row.statuses.get(account) is not Status.DONE:
        return None
    result = next(one for one in history.run(row.run_id).accounts if one.account == account)
    recorded = {one.id: one for one in result.settings}
    if not setting_ids or not set(setting_ids) <= set(recorded):
        return None
    return replace(
        result,
        status=Status.SKIPPED,
        reason=f"finished in the run of {iso(row.started)}, which was stopped; not visited again so soon",
        page_loads=0,
        settings=tuple(recorded[one] for one in setting_ids),
    )


def _was_stopped(history: History, row: RunRow) -> bool:
    """Whether this was a `run` over several accounts that a person or the machine ended before its end."""
    if row.command != "run" or row.dry_run or len(row.origins) < 2:
        return False
    if row.finished is None:
        return True
    return any(one.reason == Stopped.TEXT for one in history.run(row.run_id).accounts)
