"""Runs of the engine against the practice site, in this process: what the scenario tests and benchmarks share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from optout.accounts import Account, Credentials
from optout.browser.installed import Kind
from optout.browser.launch import Launch, open_browser
from optout.browser.session import Browser, Session
from optout.browser.waiting import Stop
from optout.catalogue.loading import load_catalogue
from optout.catalogue.models import Catalogue
from optout.catalogue.scope import scope, with_origin
from optout.directory import Directory
from optout.fleet import Errand, Fleet, Kit, Orders
from optout.history import History
from optout.outcomes import AccountResult, Outcome, RunResult
from optout.places import Places
from optout.practice.records import PracticeAccount
from optout.practice.server import LoopbackSite
from optout.practice.site import PracticeSite
from optout.report.progress import QuietProgress
from optout.secret import MemorySecrets, Secret


def wanted_browser() -> Kind | None:
    """The browser that the tests drive: chromium unless OPTOUT_TEST_BROWSER says firefox."""
    return "firefox" if os.environ.get("OPTOUT_TEST_BROWSER") == "firefox" else "chromium"


@dataclass(frozen=True)
class Nobody:
    """No person at the terminal; codes come from a function of the test's choice."""

    code: Callable[[], str | None] = lambda: None
    told: list[str] = field(default_factory=list)

    @property
    def is_there(self) -> bool:
        return False

    def ask_code(self, account: str, question: str) -> str | None:
        del account, question
        return self.code()

    def tell(self, account: str, text: str) -> None:
        del account
        self.told.append(text)


class SharedBrowser:
    """One browser for many runs; each run gets cookies and storage of its own."""

    def __init__(self, kind: Kind | None = None) -> None:
        self._launch = Launch(kind=kind or wanted_browser())
        self._browser: Browser | None = None

    def open_session(self, launch: Launch, stop: Stop, warn: Callable[[str], None]) -> Session:
        """As `launch.open_session`, in the shared browser; a browser that died is replaced."""
        del launch, warn
        if self._browser is None or not self._browser.connection.is_open:
            self._browser = open_browser(self._launch, Stop(), lambda _: None)
        return self._browser.isolated_session(stop)

    def close(self) -> None:
        if self._browser:
            self._browser.close()


@dataclass
class Bench:
    """A home of its own, a browser, a catalogue: everything to run the engine against a practice site."""

    home: Path
    shared: SharedBrowser | None = None
    catalogue: Catalogue = field(default_factory=load_catalogue)
    person: Nobody = field(default_factory=Nobody)
    stop: Stop = field(default_factory=Stop)

    def errand(
        self,
        site: PracticeSite,
        member: PracticeAccount,
        *,
        name: str = "me",
        only: Sequence[str] = (),
        totp: bool = False,
    ) -> Errand:
        plain = self.catalogue.services[0]
        service = with_origin(plain, site.origin)
        account = Account(name, plain.id, member.username, plain.origin, totp, datetime.now(UTC))
        secrets = MemorySecrets()
        code_secret = Secret(site.totp_secret(member)) if totp else None
        secrets.store(name, plain.origin, Secret(member.password), code_secret)
        return Errand(
            account,
            Directory.of(self.catalogue, service),
            scope(service, only, ()),
            lambda: Credentials(secrets).for_origin(account, plain.origin, site.origin),
        )

    def carry_out(self, errands: Sequence[Errand], orders: Orders) -> RunResult:
        places = Places(self.home).prepare()
        orders = replace(orders, launch=replace(orders.launch, kind=orders.launch.kind or wanted_browser()))
        with History.open(places.history_file) as history:
            kit = Kit(places, history, QuietProgress(), self.person, self.stop, "test")
            if self.shared:
                kit = replace(kit, open_session=self.shared.open_session)
            return Fleet(orders, kit).carry_out(errands).result

    def run(self, site: PracticeSite, command: str = "run", **orders: object) -> AccountResult:
        """One account's run of the default groups, with the site's first account."""
        errand = self.errand(site, site.accounts[0], totp=site.sign_in_kind(site.accounts[0]) == "totp")
        return self.carry_out([errand], replace(Orders(command), **orders)).accounts[0]  # type: ignore[arg-type]


def run_without_signing_in(
    site: LoopbackSite, catalogue: Catalogue, home: Path, shared: SharedBrowser, *only: str
) -> dict[str, tuple[Outcome, str | None]]:
    """Outcome and reason of each setting of the catalogue's one service, on a site that lets everybody in."""
    plain = catalogue.services[0]
    service = with_origin(plain, site.origin)
    account = Account("me", plain.id, "me@practice.test", plain.origin, False, datetime.now(UTC))

    def no_credentials() -> object:
        raise AssertionError("nothing asks for a password here")

    errand = Errand(account, Directory.of(catalogue, service), scope(service, only, ()), no_credentials)  # type: ignore[arg-type]
    result = Bench(home, shared, catalogue).carry_out([errand], Orders("run")).accounts[0]
    return {one.id: (one.outcome, one.reason) for one in result.settings}
