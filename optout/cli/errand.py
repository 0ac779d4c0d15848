"""From a command's options to a result on the screen: what `run`, `check` and `undo` share."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optout.errors import UsageError

if TYPE_CHECKING:
    from optout.accounts import Account
    from optout.browser.installed import Kind
    from optout.browser.launch import Launch
    from optout.browser.waiting import Stop
    from optout.catalogue.models import Catalogue, Service, Setting
    from optout.controls import Finder
    from optout.early import Beginning
    from optout.fleet import Errand, FleetResult, Orders
    from optout.history import History
    from optout.outcomes import RunResult
    from optout.places import Places
    from optout.report.closing import Titles
    from optout.report.progress import Progress
    from optout.runner import AccountRun, Means, Task

ACCOUNT_TABS = 8
MOST_JOBS = 4
EARLY_COMMANDS = ("run", "check", "undo")


@dataclass(frozen=True, slots=True)
class Request:
    """What the person asked for, as the command line gave it."""

    command: str
    accounts: tuple[str, ...]
    all_: bool
    dry_run: bool
    only: tuple[str, ...]
    skip: tuple[str, ...]
    json: bool
    report: Path | None
    headed: bool
    browser: str | None
    grid: str | None
    jobs: int | None
    selectors: Path | None
    origin: str | None
    practice: bool
    scenario: str
    pace: float | None
    quiet: bool
    verbose: bool
    notify: bool = False
    region: str | None = None


def carry_out(
    request: Request,
    *,
    show: Callable[[Request, FleetResult, Catalogue], int] | None = None,
    make: Callable[[Task, Means], AccountRun] | None = None,
) -> int:
    """Do what was asked and print it; the exit code. Raises `UsageError` before anything is touched.

    `show` prints the result in another way and gives the exit code; `make` gives another kind of run.
    """
    from optout.browser.waiting import Stop
    from optout.early import early_browser
    from optout.places import Places

    _check(request)
    places = Places.from_environment(os.environ).prepare()
    stop = Stop()
    with ExitStack() as stack:
        with heed_signals(stop), early_browser(_beginning(request), places, stop) as early:
            # Imported here: while the browser starts.
            from optout.catalogue.loading import load_catalogue
            from optout.history import History
            from optout.report.progress import progress_for

            catalogue = load_catalogue(places.config_home, request.selectors)
            history = stack.enter_context(History.open(places.history_file))
            if request.practice:
                errands = [stack.enter_context(_practice_errand(request, catalogue))]
            else:
                errands = _errands(request, catalogue, places, history)
            progress = progress_for(sys.stderr, os.environ, quiet=request.quiet, verbose=request.verbose)
            parts = _kit_parts(places, history, progress, catalogue)
            done = _dispatch(request, errands, {**parts, "stop": stop, "early": early}, make)
        if show is not None:
            return show(request, done, catalogue)
        _show(request, done, catalogue, places, history)
    return int(done.result.exit_code)


def _check(request: Request) -> None:
    """Refuse what can be seen to be wrong without the catalogue."""
    from optout.browser.launch import check_grid
    from optout.regions import region_named

    if request.region is not None:
        region_named(request.region)
    browser_kind(request.browser)
    if request.grid is not None:
        check_grid(request.grid)
    if request.report:
        _check_report_folder(request.report)
    _check_practice(request)


def _check_report_folder(folder: Path) -> None:
    from optout.places import writable_folder

    try:
        writable_folder(folder)
    except (UsageError, OSError) as error:
        raise UsageError(f"--report {folder}: choose another folder ({error})") from error


def _beginning(request: Request) -> Beginning | None:
    """What a browser can be started with before the catalogue is read; None where none should be.

    None with --headed too: a window that opens and closes is no answer to a misspelt setting.
    """
    from optout.early import Beginning
    from optout.origins import is_loopback

    is_elsewhere = request.practice or request.grid or request.headed or request.command not in EARLY_COMMANDS
    is_wrong = (request.selectors and not request.selectors.is_file()) or (
        request.origin is not None and not is_loopback(request.origin)
    )
    if is_elsewhere or is_wrong:
        return None
    return Beginning(request.accounts, request.all_, request.origin, _launch(request))


def _launch(request: Request) -> Launch:
    from optout.browser.launch import Launch

    return Launch(kind=browser_kind(request.browser), headed=request.headed, grid=request.grid)


def browser_kind(name: str | None) -> Kind | None:
    """The kind of browser that was asked for, if one was."""
    from optout.browser.installed import KINDS

    for kind in KINDS:
        if kind == name:
            return kind
    if name is not None:
        raise UsageError(f"--browser {name}: expected one of {', '.join(KINDS)}")
    return None


def _check_practice(request: Request) -> None:
    if request.practice and (request.accounts or request.origin is not None or request.all_ or request.grid):
        raise UsageError("--practice brings its own account and address: leave out ACCOUNT, --all, --origin and --grid")
    if request.scenario != "plain" and not request.practice:
        raise UsageError("--scenario belongs to --practice: optout run --practice --scenario NAME")


def _kit_parts(places: Places, history: History, progress: Progress, catalogue: Catalogue) -> dict[str, Any]:
    from optout.cli.person import TerminalPerson

    return {
        "places": places,
        "history": history,
        "progress": progress,
        "person": TerminalPerson(progress),
        "catalogue_version": catalogue.catalogue.isoformat(),
    }


def _dispatch(
    request: Request,
    errands: Sequence[Errand],
    parts: Mapping[str, Any],
    make: Callable[[Task, Means], AccountRun] | None,
) -> FleetResult:
    from optout.fleet import Fleet, Kit

    orders = replace(_orders(request, len(errands)), find=_finder_with(parts["history"]), make=make)
    return Fleet(orders, Kit(**parts)).carry_out(errands)


def _finder_with(history: History) -> Callable[[Errand], Finder]:
    """A finder that also knows what the last successful run saw of each control."""
    from optout.relocate import Relocator

    def finder(errand: Errand) -> Finder:
        return Relocator(errand.directory, history.seen_controls(errand.account.name, errand.service.origin))

    return finder


def _orders(request: Request, accounts: int) -> Orders:
    from optout.fleet import Orders
    from optout.outcomes import State

    usual = accounts if request.grid else min(MOST_JOBS, os.cpu_count() or 1)  # a grid has its own number of slots
    jobs = min(request.jobs or usual, max(1, accounts))
    return Orders(
        command=request.command,
        dry_run=request.dry_run,
        target=State.ON if request.command == "undo" else State.OFF,
        launch=_launch(request),
        jobs=jobs,
        tabs=1 if request.headed else ACCOUNT_TABS,
        pace=request.pace,
        pictures=request.command == "run" and not request.dry_run,
    )


@contextmanager
def heed_signals(stop: Stop) -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the run in order: nothing is finished, what was reached is reported."""
    before = {}
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and not (name == "SIGHUP" and signal.getsignal(number) is signal.SIG_IGN):  # nohup
            before[number] = signal.signal(number, lambda *_: stop.request())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# --- what is to be done, for whom


def _errands(request: Request, catalogue: Catalogue, places: Places, history: History) -> list[Errand]:
    from optout.accounts import AccountBook, Credentials
    from optout.directory import Directory
    from optout.fleet import Errand
    from optout.keyrings import open_secrets, terminal_ask

    secrets = open_secrets(places, os.environ, terminal_ask())
    book, credentials = AccountBook(places, secrets), Credentials(secrets)
    errands = []
    for account in book.pick(request.accounts, all_=request.all_):
        stored = _service(catalogue, account)
        service = _visited(request, stored, account)
        settings, wanted = _scope(request, service, account, history)
        errands.append(
            Errand(
                account,
                Directory.of(catalogue, service),
                settings,
                lambda account=account, stored=stored, service=service: credentials.for_origin(  # type: ignore[misc]
                    account, stored.origin, service.origin
                ),
                wanted,
            )
        )
    return errands


def _service(catalogue: Catalogue, account: Account) -> Service:
    try:
        return catalogue.service(account.service)
    except KeyError:
        known = ", ".join(one.id for one in catalogue.services)
        raise UsageError(
            f"the account '{account.name}' belongs to the service '{account.service}', which the selectors file does "
            f"not have (it has: {known}); use --selectors FILE with the right one"
        ) from None


def _visited(request: Request, service: Service, account: Account) -> Service:
    """The service where it is visited: an account that was added for a loopback address never goes to the real one."""
    from optout.catalogue.scope import with_origin
    from optout.origins import is_loopback

    origin = request.origin or (account.origin if is_loopback(account.origin) else None)
    return service if origin is None else with_origin(service, origin)


def _scope(
    request: Request, service: Service, account: Account, history: History
) -> tuple[tuple[Setting, ...], dict[str, dict[str, Any]]]:
    """The settings in scope; for undo, those that the last run changed, with what is to be put back."""
    from optout.catalogue.scope import scope

    if request.command != "undo":
        return scope(service, request.only, request.skip), {}
    named = {one.id for one in scope(service, request.only or tuple(one.id for one in service.groups), request.skip)}
    wanted: dict[str, dict[str, Any]] = {}
    changes = [(one.setting_id, one.detail) for one in history.last_changes(account.name, service.origin)]
    for setting_id, detail in changes + _unproved_changes(history, account, service):
        if setting_id in named:
            wanted.setdefault(setting_id, detail)
    if not wanted:
        raise UsageError(
            f"there is nothing to put back for '{account.name}': what the last run changed there was put back already, "
            "or no run changed anything (optout history)"
        )
    return tuple(one for one in service.settings if one.id in wanted), wanted


def _unproved_changes(history: History, account: Account, service: Service) -> list[tuple[str, dict[str, Any]]]:
    """What a run that was ended early had clicked: it is off now or still on, and to be put back to what it was."""
    return [
        (one.setting_id, one.detail)
        for one in history.unfinished(account.name, service.origin)
        if one.command == "run" and one.before.is_operable
    ]


@contextmanager
def _practice_errand(request: Request, catalogue: Catalogue) -> Iterator[Errand]:
    """The practice site's own account, with the site served for the length of the run."""
    from datetime import UTC, datetime

    from optout.accounts import Account, Credentials
    from optout.catalogue.scope import scope, with_origin
    from optout.directory import Directory
    from optout.fleet import Errand
    from optout.outcomes import PRACTICE_ACCOUNT
    from optout.secret import MemorySecrets, Secret

    try:
        from optout.practice.site import Latency, PracticeSite
    except ImportError as error:
        raise UsageError(f'the practice site needs {error.name}: pip install "optout[practice]"') from error

    with PracticeSite(request.scenario, Latency(0.15, 0.1, 0.2)) as site:
        member = site.accounts[0]
        plain = catalogue.services[0]
        service = with_origin(plain, site.origin)
        account = Account(PRACTICE_ACCOUNT, plain.id, member.username, plain.origin, False, datetime.now(UTC))
        secrets = MemorySecrets()
        totp = Secret(site.totp_secret(member)) if site.sign_in_kind(member) == "totp" else None
        account = replace(account, has_totp=totp is not None)
        secrets.store(account.name, plain.origin, Secret(member.password), totp)
        yield Errand(
            account,
            Directory.of(catalogue, service),
            scope(service, request.only, request.skip),
            lambda: Credentials(secrets).for_origin(account, plain.origin, site.origin),
            keeps_profile=False,
        )


# --- what is shown


def _show(request: Request, done: FleetResult, catalogue: Catalogue, places: Places, history: History) -> None:
    from optout.report.closing import Titles
    from optout.report.terminal import console_for, json_document, print_result

    result = done.result
    titles = Titles.of(catalogue)
    path = _write_report(request, done, catalogue, places, history)
    if request.json:
        sys.stdout.write(json_document(result))
    elif not (request.quiet and request.notify):
        print_result(result, titles, console_for(sys.stdout, os.environ), path)
    sys.stdout.flush()
    if request.notify:
        _notify(result, titles)


def _write_report(
    request: Request, done: FleetResult, catalogue: Catalogue, places: Places, history: History
) -> Path | None:
    """The report page; a folder that cannot be written costs the page, never the result."""
    from optout.regions import notes_of, region_named
    from optout.report.closing import Titles
    from optout.report.html import ReportContext, write_report

    if request.command == "check" and not request.report:
        return None
    assert done.result.run_id is not None  # noqa: S101 -- the fleet records every run
    titles = Titles.of(catalogue)
    region = region_named(request.region) if request.region else None
    try:
        notes = {one.account: notes_of(catalogue, region, one) for one in done.result.accounts}
        context = ReportContext.of(history, done.result.run_id, titles, shots=done.pictures, notes=notes)
        return write_report(request.report or places.reports, done.result, context)
    except UsageError as error:
        print(f"optout: {error}", file=sys.stderr)  # noqa: T201
        return None


def _notify(result: RunResult, titles: Titles) -> None:
    """A desktop notification, only when something needs the person."""
    from optout.notify import notify
    from optout.report.closing import closing_sentence, needs_the_person

    if not needs_the_person(result):
        return
    problem = notify("optout", closing_sentence(result, titles))
    if problem:
        print(f"optout: {problem}", file=sys.stderr)  # noqa: T201
