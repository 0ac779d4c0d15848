"""The fault matrix: a scenario is played, and judged against what the practice site itself knows to be true.

`tests/browser/test_scenarios.py` asserts that nothing is found; `benchmarks/faults.py` counts what is.
"""

from __future__ import annotations

import queue
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from optout.fleet import Orders
from optout.history import History
from optout.ledger import is_unsettled
from optout.outcomes import AccountResult, Outcome, RunResult, State
from optout.places import Places
from optout.practice.faults import Scenario
from optout.practice.members import DEFAULT_IDS
from optout.practice.records import Latency, Operation, PracticeAccount
from optout.practice.scenarios import find_scenario
from optout.practice.site import PracticeSite
from tests.harness import Bench, Nobody, SharedBrowser

# Marked secrets: whatever the program writes is searched for them. The second is a valid authenticator secret.
PASSWORD = "pw-Marked+7f3a/e91=c&%"
TOTP_SECRET = "MARKEDSECRETMARKEDSECRETMARKED23"
MEMBER = PracticeAccount(password=PASSWORD, totp_secret=TOTP_SECRET)
CONTROLS = ("ads-connections", "ads-display-format")
WHOLE = frozenset({"plain", "all-off", "other-generations", "german", "swedish"})
OF_THE_SITE = ("ai-training", "ads-age", "ads-off-linkedin", "affiliate-sharing")
OFF_CLAIMS = frozenset({Outcome.TURNED_OFF, Outcome.ALREADY_OFF})


@dataclass(frozen=True, slots=True)
class Played:
    """One scenario's run: what the program reported and what the site knows."""

    scenario: Scenario
    scope: tuple[str, ...]
    result: RunResult
    began: Mapping[str, str]
    truth: Mapping[str, str]
    operations: tuple[Operation, ...]
    password_posts: int
    posts_elsewhere: int
    home: Path
    seconds: float

    @property
    def account(self) -> AccountResult:
        """The one account's result."""
        return self.result.accounts[0]


@dataclass(frozen=True, slots=True)
class Findings:
    """What an honest and careful program never leaves behind; each line says what and where."""

    false_claims: tuple[str, ...] = ()
    wrong_clicks: tuple[str, ...] = ()
    left_on: tuple[str, ...] = ()
    leaks: tuple[str, ...] = ()
    lost_records: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many there are of every kind."""
        return sum(len(getattr(self, one.name)) for one in fields(self))


@dataclass
class Player:
    """A browser and a practice site that play one scenario after the other, each in a home of its own."""

    site: PracticeSite
    homes: Path
    shared: SharedBrowser = field(default_factory=SharedBrowser)

    def play(self, name: str, **bench: Any) -> Played:
        """Play a scenario once, over the settings that it is about and two that nothing happens to."""
        scenario = find_scenario(name)
        self.site.use(name)
        began_at, began = time.monotonic(), self.site.truth(MEMBER.username)
        home = Path(tempfile.mkdtemp(dir=self.homes))
        runner = Bench(home, self.shared, person=Nobody(), **bench)
        only = scope_of(scenario)
        has_totp = self.site.sign_in_kind(MEMBER) == "totp"
        errand = runner.errand(self.site, MEMBER, only=only, totp=has_totp)
        result = runner.carry_out([errand], Orders("run"))
        return Played(
            scenario,
            tuple(one.id for one in errand.settings),
            result,
            dict(began),
            dict(self.site.truth(MEMBER.username)),
            self.site.operations,
            self.site.password_posts(MEMBER.username),
            len(self.site.elsewhere.posts),
            home,
            time.monotonic() - began_at,
        )

    def close(self) -> None:
        """End browser and site."""
        self.shared.close()
        self.site.stop()


class Matrix:
    """Plays scenarios, several at a time, each player with a browser and a site of its own."""

    def __init__(self, jobs: int = 3) -> None:
        self._players: queue.Queue[Player] = queue.Queue()
        self._homes = tempfile.TemporaryDirectory(prefix="optout-homes-", ignore_cleanup_errors=True)
        homes, latency = Path(self._homes.name), Latency(0.02, 0.02, 0.05)
        self._all = [Player(PracticeSite("plain", latency, (MEMBER,)).start(), homes) for _ in range(jobs)]
        for player in self._all:
            self._players.put(player)
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="matrix")

    def begin(self, names: Sequence[str]) -> dict[str, Future[Played]]:
        """Play these scenarios in the background, in this order."""
        return {name: self._pool.submit(self._play, name) for name in names}

    def _play(self, name: str) -> Played:
        player = self._players.get()
        try:
            return player.play(name)
        finally:
            self._players.put(player)

    def close(self) -> None:
        """Drop what has not begun, wait for what has, end the browsers, and remove what was kept."""
        self._pool.shutdown(cancel_futures=True)
        for player in self._all:
            player.close()
        self._homes.cleanup()


def scope_of(scenario: Scenario) -> tuple[str, ...]:
    """The settings that a scenario is about, and two that it leaves in peace; empty for the default groups."""
    if scenario.name in WHOLE:
        return ()
    named = frozenset().union(*scenario.faults.values(), scenario.expected.outcomes)
    if scenario.site_faults or scenario.sign_in or len(named) > 8:
        named = frozenset(OF_THE_SITE) | (named if len(named) <= 8 else frozenset())
    wanted = {*named, *CONTROLS}
    return tuple(one for one in DEFAULT_IDS if one in wanted)


def judge(played: Played) -> Findings:
    """Everything in a played scenario that must not be."""
    return Findings(
        tuple(false_claims(played)),
        tuple(wrong_clicks(played)),
        tuple(left_on(played)),
        tuple(leaks(played)),
        tuple(lost_records(played)),
        tuple(unexpected(played)),
    )


def false_claims(played: Played) -> Iterator[str]:
    """Claims of "off" or "not offered" that the site's own truth contradicts."""
    for one in played.account.settings:
        truth = played.truth[one.id]
        if one.outcome in OFF_CLAIMS and truth != "off":
            yield f"{one.id}: {one.outcome}, but it is {truth}"
        if one.outcome is Outcome.NOT_OFFERED and truth != "absent":
            yield f"{one.id}: not-offered, but it is {truth}"


def wrong_clicks(played: Played) -> Iterator[str]:
    """Writes that no setting in scope asked for, and writes in the wrong direction."""
    expected = played.scenario.expected
    for one in played.operations:
        if one.control_id == "cookie-banner":
            if one.after != expected.cookie_answer:
                yield f"the cookie banner was answered with '{one.after}'"
        elif one.setting_id not in played.scope or {one.setting_id, one.control_id} & played.scenario.must_stay:
            yield f"{one.control_id} was operated"
        elif one.after != "off":
            yield f"{one.control_id} was switched on"


def left_on(played: Played) -> Iterator[str]:
    """What was off before the run and is not off after it."""
    for control, before in played.began.items():
        if before == "off" and played.truth[control] not in ("off", "absent"):
            yield f"{control} was off and is {played.truth[control]}"


def leaks(played: Played) -> Iterator[str]:
    """Secrets that reached another origin, or a file."""
    if played.posts_elsewhere:
        yield f"{played.posts_elsewhere} posts to another origin"
    if played.password_posts > played.scenario.expected.password_posts_at_most:
        yield f"the password was posted {played.password_posts} times"
    for path in sorted(played.home.rglob("*")):
        if path.is_file() and any(secret.encode() in path.read_bytes() for secret in (PASSWORD, TOTP_SECRET)):
            yield f"a secret is in {path.name}"


def lost_records(played: Played) -> Iterator[str]:
    """Settings without a result, writes without an intent, results that the history tells differently."""
    reported = [one.id for one in played.account.settings]
    if sorted(reported) != sorted(played.scope):
        yield f"in scope were {sorted(played.scope)}, reported {sorted(reported)}"
    file = Places(played.home).history_file
    with History.open(file) as history:
        kept = history.run(played.result.run_id or 0)
        if kept.accounts != played.result.accounts:
            yield "the history tells the run differently"
    with closing(sqlite3.connect(file)) as database:
        intents = dict(database.execute("SELECT setting_id, outcome FROM intents ORDER BY id"))
    for one in played.operations:
        if one.control_id != "cookie-banner" and one.setting_id not in intents:
            yield f"{one.control_id} was operated without an intent in the history"
    for setting in played.account.settings:
        is_open = is_unsettled(setting)
        if setting.id in intents and intents[setting.id] != (None if is_open else setting.outcome):
            yield f"{setting.id}: the intent says {intents[setting.id]}, the result {setting.outcome}"


def unexpected(played: Played) -> Iterator[str]:
    """Where the report is not what the scenario says an honest program reports."""
    account, expected = played.account, played.scenario.expected
    for one in account.settings:
        if one.outcome not in expected.acceptable(one.id):
            yield f"{one.id}: {one.outcome} ({one.reason}), expected {sorted(expected.acceptable(one.id))}"
    if account.status not in expected.status:
        yield f"status {account.status} ({account.reason}), expected {sorted(expected.status)}"
    codes = exit_codes_of(played)
    if int(played.result.exit_code) not in codes:
        yield f"exit code {int(played.result.exit_code)}, expected {sorted(codes)}"
    answers = {one.after for one in played.operations if one.control_id == "cookie-banner"}
    if answers != ({expected.cookie_answer} if expected.cookie_answer else set()):
        yield f"the cookie banner was answered with {sorted(answers)}, expected {expected.cookie_answer}"
    # Rows without a value lead to pages that are no control (an archive to download); they are news without a state.
    news = tuple(one.label for one in account.unlisted if one.state is not State.UNKNOWN)
    if news != expected.unlisted:
        yield f"unlisted: {list(news)}, expected {list(expected.unlisted)}"


def exit_codes_of(played: Played) -> frozenset[int]:
    """The exit codes that the scenario allows, narrowed to the one that the reported outcomes call for."""
    enough = {Outcome.TURNED_OFF, Outcome.ALREADY_OFF, Outcome.NOT_OFFERED}
    if played.account.status == "needs-human":
        return played.scenario.expected.exit_codes & {3}
    whole = played.account.status == "done" and all(one.outcome in enough for one in played.account.settings)
    return played.scenario.expected.exit_codes & ({0} if whole else {1})


def as_text(findings: Findings) -> list[str]:
    """The findings, one line each, with their kind."""
    return [f"{one.name}: {line}" for one in fields(findings) for line in getattr(findings, one.name)]


__all__ = ["Findings", "Matrix", "Played", "Player", "as_text", "judge", "scope_of"]
