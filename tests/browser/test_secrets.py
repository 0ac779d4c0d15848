"""Marked secrets are sent through the program, and everything that it writes or shows is searched for them."""

from __future__ import annotations

import base64
import html
import json
import logging
import struct
import threading
import traceback
import urllib.parse
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from optout.browser.launch import Launch
from optout.browser.waiting import Stop
from optout.fleet import Errand, FleetResult, Kit, Orders
from optout.fleet import Fleet as RealFleet
from optout.history import History
from optout.outcomes import Status
from optout.places import Places
from optout.practice.site import PracticeSite
from optout.report.progress import QuietProgress
from tests.harness import Bench, Nobody, SharedBrowser
from tests.machine import PASSPHRASE, Machine, Running
from tests.matrix import MEMBER, PASSWORD, TOTP_SECRET

pytestmark = pytest.mark.browser
SECRETS = (PASSWORD, TOTP_SECRET, PASSPHRASE)
SIGN_INS = (
    "plain",
    "two-step-totp",
    "wrong-password",
    "captcha",
    "unknown-challenge",
    "session-expired",
    "sign-in-redirects-elsewhere",
    "sign-in-form-posts-elsewhere",
)


def forms_of(secret: str) -> frozenset[bytes]:
    """A secret as it would look in a file, an address, a document, a page or a memory dump."""
    raw = secret.encode()
    texts = {secret, urllib.parse.quote(secret, safe=""), urllib.parse.quote(secret), urllib.parse.quote_plus(secret)}
    texts |= {json.dumps(secret)[1:-1], html.escape(secret), raw.hex(), raw.hex().upper(), secret[::-1]}
    found = {text.encode() for text in texts} | {secret.encode("utf-16-le"), secret.encode("utf-16-be")}
    for shift in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            # The middle of its base64 form, whatever stands before it.
            found.add(encode(b"x" * shift + raw)[4:-4])
    return frozenset(found)


FORMS = frozenset().union(*(forms_of(secret) for secret in SECRETS))


def secrets_in(content: bytes) -> list[bytes]:
    return [form for form in FORMS if form in content]


def files_with_secrets(folder: Path) -> list[str]:
    return [str(path) for path in sorted(folder.rglob("*")) if path.is_file() and secrets_in(path.read_bytes())]


class Watch:
    """Looks at the arguments and environments of a program's whole family for as long as it runs."""

    def __init__(self, running: Running) -> None:
        self.seen: set[str] = set()
        self.found: set[str] = set()
        self._running = running
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        pause = threading.Event()
        while self._running.process.poll() is None:
            with suppress(psutil.Error):
                own = psutil.Process(self._running.process.pid)
                self._note(own.name(), " ".join(own.cmdline()))
                for child in own.children(recursive=True):
                    with suppress(psutil.Error):
                        if child.cmdline() == own.cmdline():
                            continue  # forked a moment ago, still this program itself
                        self._note(child.name(), " ".join([*child.cmdline(), *map(str, child.environ().items())]))
            pause.wait(0.05)

    def _note(self, name: str, text: str) -> None:
        self.seen.add(name)
        if secrets_in(text.encode()):
            self.found.add(name)

    def end(self) -> None:
        self._thread.join(10)


def test_the_search_finds_every_form_of_a_secret() -> None:
    for secret in SECRETS:
        for content in (
            f'{{"password": {json.dumps(secret)}}}',
            f"https://host/?p={urllib.parse.quote_plus(secret)}",
            "Basic " + base64.b64encode(f"me:{secret}".encode()).decode(),
            f"<p>{html.escape(secret)}</p>",
        ):
            assert secrets_in(content.encode())
    assert secrets_in(b"nothing is here, only pw-Marked and a password") == []


@pytest.mark.parametrize("scenario", SIGN_INS)
def test_no_secret_is_seen_outside_the_program(machine: Machine, tmp_path: Path, scenario: str) -> None:
    machine.site.use(scenario)
    reports = tmp_path / "reports"
    arguments = machine.work("ads-age", "ads-education", more=("--report", str(reports)))
    running = machine.start(*arguments)
    watch = Watch(running)
    ended = running.end()
    watch.end()
    assert ended.code in (0, 1, 3)
    assert len(watch.seen) >= 3, "the browser was not looked at"
    assert watch.found == set()
    assert secrets_in(ended.stdout.encode()) == []
    assert secrets_in(ended.stderr.encode()) == []
    assert files_with_secrets(tmp_path) == []
    assert machine.site.elsewhere.posts == ()
    assert len(list(reports.glob("*.html"))) == 1
    modes = {oct(path.stat().st_mode & 0o777) for path in own_files(machine.home)}
    assert modes == {oct(0o600)}
    assert {oct(path.stat().st_mode & 0o777) for path in own_folders(machine.home)} == {oct(0o700)}


def own_files(home: Path) -> list[Path]:
    """Every file of a home that the program wrote; what a browser keeps in a profile is behind the profile's 0700."""
    return [path for path in home.rglob("*") if path.is_file() and "profiles" not in path.parts]


def own_folders(home: Path) -> list[Path]:
    profiles = home / "profiles"
    inner = {path for profile in profiles.iterdir() for path in profile.rglob("*")} if profiles.exists() else set()
    return [home, *(path for path in home.rglob("*") if path.is_dir() and path not in inner)]


def test_nothing_in_a_home_is_open_to_others_after_a_run(machine: Machine) -> None:
    assert machine.run(*machine.work("ads-age")).code == 0
    kept = [path for path in machine.home.rglob("*") if not path.is_symlink()]
    assert any("profiles" in path.parts and path.is_file() for path in kept)
    profile = next((machine.home / "profiles").iterdir())
    assert profile.stat().st_mode & 0o777 == 0o700
    open_to_others = [str(path) for path in own_files(machine.home) if path.stat().st_mode & 0o077]
    assert open_to_others == []


# --- logs at any level


class Everything(logging.Handler):
    """Keeps every record of every logger as text."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.lines: list[str] = []
        self.names: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        self.names.add(record.name.split(".")[0])
        text = f"{record.getMessage()} {record.args!r} {record.exc_info!r}"
        if record.exc_info and record.exc_info[0]:
            text += "".join(traceback.format_exception(*record.exc_info))
        self.lines.append(text)


@contextmanager
def every_log() -> Iterator[Everything]:
    """Every logger at its most talkative, those that keep to themselves included."""
    import selenium.webdriver  # noqa: F401 -- its loggers have to exist
    import urllib3  # noqa: F401
    import websocket  # noqa: F401

    handler = Everything()
    loggers = [logging.root, *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))]
    before = [(logger, logger.level, logger.propagate, logger.disabled) for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.DEBUG)
        logger.disabled = False
        logger.propagate = True
    logging.root.addHandler(handler)
    try:
        yield handler
    finally:
        logging.root.removeHandler(handler)
        for logger, level, propagate, disabled in before:
            logger.setLevel(level)
            logger.propagate, logger.disabled = propagate, disabled


@pytest.mark.parametrize("scenario", ["two-step-totp", "wrong-password", "sign-in-form-posts-elsewhere"])
def test_no_log_at_any_level_has_a_secret(site: PracticeSite, tmp_path: Path, scenario: str) -> None:
    """With a browser of its own, so that selenium's starting and ending of it is logged too."""
    site.use(scenario)
    with every_log() as log:
        bench = Bench(tmp_path)
        bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"], totp=True)], Orders("run"))
    assert {"selenium", "urllib3"} <= log.names
    assert [line for line in log.lines if secrets_in(line.encode())] == []


# --- tracebacks


@dataclass(frozen=True)
class Clumsy(Nobody):
    """A person whose answer breaks the program in the middle of the sign-in."""

    traces: list[str] = field(default_factory=list)

    def ask_code(self, account: str, question: str) -> str | None:
        # As a library may: the text of the error quotes what it was given.
        error = RuntimeError(f"cannot ask {account} about {question} ({PASSWORD})")
        self.traces.append("".join(traceback.format_stack()))
        raise error


def test_a_fault_in_the_middle_of_the_sign_in_shows_no_secret(
    site: PracticeSite, tmp_path: Path, shared_browser: SharedBrowser, capfd: pytest.CaptureFixture[str]
) -> None:
    site.use("emailed-code")
    person = Clumsy()
    bench = Bench(tmp_path, shared_browser, person=person)
    with every_log() as log:
        account = bench.carry_out([bench.errand(site, MEMBER, only=["ads-age"])], Orders("run")).accounts[0]
    assert account.status is Status.FAILED
    assert account.reason is not None
    assert account.reason.startswith("an unforeseen fault (RuntimeError at signin.py:")
    assert account.reason.endswith("); please report it")
    written = capfd.readouterr()
    shown = "".join([*person.traces, *log.lines, written.out, written.err, json.dumps(account.as_json())])
    assert "by_password" in shown, "the fault was not inside the sign-in"
    assert secrets_in(shown.encode()) == []
    assert files_with_secrets(tmp_path) == []


# --- a property over scenarios


@given(
    scenario=st.sampled_from(["plain", "two-step-totp", "captcha", "wrong-password", "session-expired-always"]),
    only=st.lists(st.sampled_from(["ai-training", "ads-age", "ads-employer"]), min_size=1, max_size=2, unique=True),
    dry_run=st.booleans(),
)
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_no_run_leaves_a_secret_in_its_home_or_its_result(
    practice_site: PracticeSite,
    shared_browser: SharedBrowser,
    tmp_path_factory: pytest.TempPathFactory,
    scenario: str,
    only: list[str],
    dry_run: bool,
) -> None:
    practice_site.use(scenario)
    home = tmp_path_factory.mktemp("home")
    bench = Bench(home, shared_browser)
    errand = bench.errand(practice_site, MEMBER, only=only, totp=True)
    with every_log() as log:
        result = bench.carry_out([errand], Orders("run", dry_run=dry_run, pictures=True))
    with History.open(Places(home).history_file) as history:
        evidence = history.evidence(result.run_id or 0)
    shown = [json.dumps(result.as_json()), evidence, repr(errand), repr(result), *log.lines]
    assert [text for text in shown if secrets_in(text.encode())] == []
    assert files_with_secrets(home) == []


# --- pictures

MAGENTA = (255, 0, 255)


def pixels_of(png: bytes) -> Iterable[tuple[int, int, int]]:
    """The pixels of an 8-bit PNG without interlacing."""
    at, data, header = 8, b"", b""
    while at < len(png):
        (length,), kind = struct.unpack(">I", png[at : at + 4]), png[at + 4 : at + 8]
        content = png[at + 8 : at + 8 + length]
        header = content if kind == b"IHDR" else header
        data += content if kind == b"IDAT" else b""
        at += 12 + length
    width, height, depth, color, _, _, interlace = struct.unpack(">IIBBBBB", header)
    assert (depth, interlace) == (8, 0)
    size = {2: 3, 6: 4}[color]
    lines, above = zlib.decompress(data), bytearray(width * size)
    for row in range(height):
        start = row * (width * size + 1)
        line = _unfiltered(lines[start], bytearray(lines[start + 1 : start + 1 + width * size]), above, size)
        yield from ((line[x], line[x + 1], line[x + 2]) for x in range(0, width * size, size))
        above = line


def _unfiltered(kind: int, line: bytearray, above: bytearray, size: int) -> bytearray:
    for x in range(len(line)):
        left = line[x - size] if x >= size else 0
        corner = above[x - size] if x >= size else 0
        guess = left + above[x] - corner
        near = sorted((left, above[x], corner), key=lambda one: abs(guess - one))[0]
        line[x] = (line[x] + (0, left, above[x], (left + above[x]) // 2, near)[kind]) & 255
    return line


def test_a_password_field_beside_a_control_is_not_in_its_picture(
    site: PracticeSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    """The field is drawn in a colour that nothing else has, right after the control."""
    box = '<input type="password" value="x" style="background:#f0f;color:#f0f;display:block;width:300px;height:60px">'

    def rewrite(path: str, text: str) -> str:
        return text.replace("</main>", f"{box}</main>") + box if "/settings/ads-by-age" in path else text

    site.rewrite = rewrite
    try:
        done = pictured(Bench(tmp_path, shared_browser), site, "ads-age")
    finally:
        site.rewrite = None
    assert {key[1:] for key in done.pictures} == {("ads-age", "before"), ("ads-age", "after")}
    for png in done.pictures.values():
        assert MAGENTA not in set(pixels_of(png))


def test_a_run_that_only_signs_in_takes_no_picture(
    site: PracticeSite, tmp_path: Path, shared_browser: SharedBrowser
) -> None:
    site.use("captcha")
    assert pictured(Bench(tmp_path, shared_browser), site, "ads-age").pictures == {}


def pictured(bench: Bench, site: PracticeSite, only: str) -> FleetResult:
    """A run that takes pictures."""
    errand: Errand = bench.errand(site, MEMBER, only=[only])
    places = Places(bench.home).prepare()
    assert bench.shared is not None
    with History.open(places.history_file) as history:
        kit = Kit(places, history, QuietProgress(), bench.person, bench.stop, "test", bench.shared.open_session)
        return RealFleet(Orders("run", pictures=True), kit).carry_out([errand])


# --- where credentials go


def test_nothing_is_typed_or_sent_on_a_page_of_another_origin(
    site: PracticeSite, shared_browser: SharedBrowser
) -> None:
    """The last look, in the page itself and immediately before: whatever was thought of the page until then."""
    session = shared_browser.open_session(Launch(), Stop(), lambda _: None)
    try:
        tab = session.first_tab
        tab.load(site.elsewhere.origin + "/login")
        fields = {"css": "input[type=password]", "text": PASSWORD, "origin": site.origin, "hidden": True}
        assert tab.ask("has", {"css": ["input[type=password]"]})
        assert tab.ask("fill", fields) == {"done": False, "why": "elsewhere"}
        sending = {"css": "button[type=submit]", "field": "input[type=password]", "origin": site.origin}
        assert tab.ask("submit", sending) == {"done": False, "why": "elsewhere"}
    finally:
        session.close()
    assert site.elsewhere.posts == ()


def test_a_selectors_file_with_another_origin_gets_no_credentials(machine: Machine, tmp_path: Path) -> None:
    catalogue = (Path(__file__).parents[2] / "selectors.yaml").read_text(encoding="utf-8")
    other = tmp_path / "selectors.yaml"
    other.write_text(catalogue.replace("https://www.linkedin.com", machine.site.origin), encoding="utf-8")
    ended = machine.run("run", "me", "--json", "--only", "ads-age", "--selectors", str(other))
    assert (ended.code, ended.account["status"], ended.outcomes()) == (3, "needs-human", {"ads-age": "not-reached"})
    assert f"but the selectors name {machine.site.origin}: its password stays where it is" in ended.account["reason"]
    assert machine.site.password_posts(MEMBER.username) == 0
    assert [one for one in machine.site.requests if one.method == "POST"] == []


@pytest.mark.parametrize(
    "origin",
    ["https://www.linkedin.com", "http://192.168.1.5", "http://127.0.0.1.example.com", "http://me@example.com", "x"],
)
def test_origin_takes_addresses_of_this_machine_only(machine: Machine, origin: str) -> None:
    ended = machine.run("run", "me", "--origin", origin, "--json")
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"optout: --origin {origin!r} is refused: ")


def test_a_grid_on_another_host_needs_https(machine: Machine) -> None:
    ended = machine.run("run", "me", "--grid", "http://grid.example:4444", "--json")
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.startswith("optout: --grid http://grid.example:4444")
    assert "https" in ended.stderr


def test_a_child_inherits_no_variable_of_the_program(machine: Machine) -> None:
    """Whatever starts with OPTOUT_ is the program's own affair."""
    environ: Mapping[str, str] = {**machine.environ, "OPTOUT_ANYTHING": "marked"}
    running = machine.start(*machine.work("ads-age"), environ=environ)
    names: set[str] = set()
    while running.process.poll() is None:
        for child in running.family():
            with suppress(psutil.Error):
                if (
                    child.cmdline() != psutil.Process(running.process.pid).cmdline()
                ):  # forked a moment ago, still the program itself
                    names |= {f"{child.name()}: {name}" for name in child.environ() if name.startswith("OPTOUT_")}
        threading.Event().wait(0.05)
    assert running.end().code == 0
    assert names == set()
