"""A browser that starts before the catalogue is read: for whom, for whom not, and that nothing of it ever stays."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from filelock import FileLock, Timeout

from optout.accounts import AccountBook, lock_of, new_account
from optout.browser.launch import Launch
from optout.browser.session import Session
from optout.browser.waiting import Stop
from optout.early import Beginning, early_browser
from optout.errors import UsageError
from optout.places import Places, private_folder
from optout.secret import MemorySecrets, Secret

ORIGIN = "https://www.example.com"
HERE = "http://127.0.0.1:8000"
LAUNCH = Launch(kind="chromium")
ME = Beginning((), False, None, LAUNCH)


class Opener:
    """Stands in for the browser: makes its profile as one does, and remembers what was opened and closed."""

    def __init__(self, error: Exception | None = None, *, may_start: bool = True) -> None:
        self.launches: list[Launch] = []
        self.closed = 0
        self.may_start = threading.Event()
        self._error = error
        if may_start:
            self.may_start.set()

    def __call__(self, launch: Launch, stop: Stop, warn: Callable[[str], None]) -> Session:
        del stop
        self.launches.append(launch)
        assert launch.profile is not None
        launch.profile.mkdir(exist_ok=True)
        warn("running as root")
        assert self.may_start.wait(10)
        if self._error:
            raise self._error
        return self  # type: ignore[return-value]

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "home").prepare()


def add(places: Places, *names: str) -> None:
    for name in names:
        book = AccountBook(places, MemorySecrets())
        book.add(new_account(name, "site", f"{name}@example.com", ORIGIN), Secret("pw"))


def is_locked(places: Places, account: str = "me", origin: str = ORIGIN) -> bool:
    """Whether somebody holds the account's lock, as another process would find it."""
    name = places.profile(account, origin).name
    code = f"from filelock import FileLock; FileLock({str(places.locks / name)!r} + '.lock').acquire(timeout=0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0 or "Timeout" in done.stderr, done.stderr
    return done.returncode != 0


# --- for whom


def test_the_only_account_s_browser_starts_on_its_profile_under_its_lock(places: Places) -> None:
    add(places, "me")
    opener = Opener()
    with early_browser(ME, places, Stop(), opener) as early:
        assert early is not None
        assert early.is_on(places.profile("me", ORIGIN))
        assert not early.is_on(places.profile("me", HERE))
        assert is_locked(places)
    assert opener.launches == [replace(LAUNCH, profile=places.profile("me", ORIGIN))]
    assert not is_locked(places)


@pytest.mark.parametrize(
    ("changes", "profile"),
    [
        ({"accounts": ("work",)}, ("work", ORIGIN)),
        ({"accounts": ("work", "me")}, ("work", ORIGIN)),
        ({"all_": True}, ("me", ORIGIN)),
        ({"all_": True, "origin": f"{HERE}/"}, ("me", HERE)),
    ],
    ids=["named", "first named", "first of all", "from this machine"],
)
def test_of_several_accounts_the_first_that_is_run_has_the_early_browser(
    places: Places, changes: dict[str, object], profile: tuple[str, str]
) -> None:
    add(places, "me", "work")
    opener = Opener()
    with early_browser(replace(ME, **changes), places, Stop(), opener):  # type: ignore[arg-type]
        pass
    assert [one.profile for one in opener.launches] == [places.profile(*profile)]


@pytest.mark.parametrize(
    "beginning",
    [
        None,
        ME,
        replace(ME, accounts=("nobody",)),
        replace(ME, accounts=("me",), all_=True),
        replace(ME, accounts=("me",), origin=f"{HERE}/path"),
        replace(ME, accounts=("me",), origin="http://127.0.0.1:99999"),
        replace(ME, accounts=("me",), origin="nonsense"),
    ],
    ids=["nothing known", "several", "unknown", "names and all", "path", "port", "no address"],
)
def test_where_anything_is_wrong_nothing_is_started_or_made(places: Places, beginning: Beginning | None) -> None:
    add(places, "me", "work")
    opener = Opener()
    with early_browser(beginning, places, Stop(), opener) as early:
        assert early is None
    assert opener.launches == []
    assert not places.profiles.exists()


def test_a_damaged_accounts_file_is_left_to_the_ordinary_way(places: Places) -> None:
    places.accounts_file.write_text("{")
    with early_browser(ME, places, Stop(), Opener()) as early:
        assert early is None


def test_the_browser_of_an_account_that_another_run_works_on_is_let_alone(places: Places) -> None:
    add(places, "me")
    opener = Opener()
    with lock_of(places, "me", ORIGIN).acquire(), early_browser(ME, places, Stop(), opener) as early:
        assert early is None
        assert is_locked(places)
    assert opener.launches == []


# --- taking it


def test_the_browser_is_taken_once_with_what_it_warned_of(places: Places) -> None:
    add(places, "me")
    opener = Opener()
    warnings: list[str] = []
    with early_browser(ME, places, Stop(), opener) as early:
        assert early is not None
        wanted = replace(LAUNCH, profile=places.profile("me", ORIGIN))
        for other in (LAUNCH, replace(wanted, kind="firefox"), replace(wanted, profile=places.profile("me", HERE))):
            assert early.take(other, warnings.append) is None
        assert warnings == []
        assert early.take(wanted, warnings.append) is opener  # type: ignore[comparison-overlap]
        assert early.take(wanted, warnings.append) is None
        assert warnings == ["running as root"]
    assert opener.closed == 0, "who took it ends it"
    assert places.profile("me", ORIGIN).exists()
    assert not is_locked(places)


def test_why_it_did_not_start_is_said_to_who_takes_it(places: Places) -> None:
    add(places, "me")
    warnings: list[str] = []
    with early_browser(ME, places, Stop(), Opener(UsageError("no browser is installed here"))) as early:
        assert early is not None
        with pytest.raises(UsageError, match=r"^no browser is installed here$"):
            early.take(replace(LAUNCH, profile=places.profile("me", ORIGIN)), warnings.append)
    assert warnings == ["running as root"]


# --- and nothing of it stays


@pytest.mark.parametrize("error", [UsageError("wrong"), KeyboardInterrupt(), SystemExit(1)], ids=repr)
def test_whatever_happens_in_between_the_browser_ends_and_the_lock_is_free(
    places: Places, error: BaseException
) -> None:
    add(places, "me")
    opener = Opener(may_start=False)

    def fail() -> None:
        with early_browser(ME, places, Stop(), opener):
            threading.Timer(0.05, opener.may_start.set).start()
            raise error

    with pytest.raises(type(error)):
        fail()
    assert opener.closed == 1, "it was still starting"
    assert not is_locked(places)


def test_a_fault_before_the_start_leaves_the_lock_free(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(profile: Path) -> int:
        raise PermissionError(profile)

    add(places, "me")
    monkeypatch.setattr("optout.early.end_leftovers", fail)
    with pytest.raises(PermissionError) as caught, early_browser(ME, places, Stop(), Opener()):
        pass
    assert caught.tb, "which still holds the lock's object: it was not freed by being forgotten"
    assert not is_locked(places)


def test_a_browser_that_nobody_takes_and_that_does_not_start_is_no_news(places: Places) -> None:
    add(places, "me")
    with early_browser(ME, places, Stop(), Opener(UsageError("no browser is installed here"))) as early:
        assert early is not None
    assert not is_locked(places)


@pytest.mark.parametrize("is_there", [True, False])
def test_a_profile_is_left_as_there_as_it_was(places: Places, is_there: bool) -> None:
    add(places, "me")
    profile = places.profile("me", ORIGIN)
    if is_there:
        private_folder(profile)
    opener = Opener()
    with early_browser(ME, places, Stop(), opener):
        pass
    assert opener.closed == 1
    assert profile.exists() is is_there


def test_closing_frees_the_lock_before_the_command_ends(places: Places) -> None:
    add(places, "me")
    opener = Opener()
    with early_browser(ME, places, Stop(), opener) as early:
        assert early is not None
        thread = threading.Thread(target=early.close)  # as the account's own thread does
        thread.start()
        thread.join()
        assert not is_locked(places)
        with lock_of(places, "me", ORIGIN).acquire(timeout=0), closing(early):
            assert early.take(replace(LAUNCH, profile=places.profile("me", ORIGIN)), print) is None
    assert opener.closed == 1


def test_what_it_needs_loads_nothing_that_belongs_to_the_catalogue() -> None:
    code = (
        "import sys; import optout.early;"
        "print([name for name in ('pydantic', 'ruamel', 'keyring', 'rich', 'selenium') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_lock_is_the_one_that_every_run_takes(places: Places) -> None:
    with (
        lock_of(places, "me", ORIGIN).acquire(),
        pytest.raises(Timeout),
        FileLock(places.locks / "me@www.example.com.lock").acquire(timeout=0),
    ):
        pass
