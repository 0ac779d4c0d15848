"""Broken input of every kind: a sentence and exit code 2, never a traceback."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.accounts import AccountBook
from optout.catalogue.loading import load_catalogue
from optout.catalogue.scope import scope, with_origin
from optout.cli.errand import Request, carry_out
from optout.errors import OptoutError, UsageError
from optout.history import History
from optout.outcomes import State
from optout.places import Places
from optout.secret import MemorySecrets
from optout.states import state_of
from optout.witnesses import Lead, Proved, prove
from tests.views import AGE_PATH, control, directory, page, setting, state

CATALOGUE = load_catalogue()
SERVICE = CATALOGUE.services[0]
PACKAGED = (Path(__file__).parents[2] / "selectors.yaml").read_bytes()
TEXT = st.text(max_size=30)
IDS_KNOWN = [one.id for one in SERVICE.settings]
LOOSE = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def request(**changes: Any) -> Request:
    plain: dict[str, Any] = {
        "command": "run", "accounts": (), "all_": False, "dry_run": False, "only": (), "skip": (), "json": True,
        "report": None, "headed": False, "browser": None, "grid": None, "jobs": None, "selectors": None,
        "origin": None, "practice": False, "scenario": "plain", "pace": None, "quiet": True, "verbose": False,
    }  # fmt: skip
    return Request(**{**plain, **changes})


def refused(call: Callable[[], object]) -> str | None:
    """The sentence of a refusal; None where the input was taken. Anything else is a traceback and fails."""
    try:
        call()
    except UsageError as error:
        return str(error) or "a refusal without a word"
    return None


@LOOSE
@given(
    st.lists(TEXT | st.sampled_from([one.id for one in SERVICE.settings]), min_size=1, max_size=3),
    st.lists(TEXT, max_size=2),
)
def test_any_only_and_skip_gives_settings_of_the_service_or_a_sentence(only: list[str], skip: list[str]) -> None:
    known = {one.id for one in SERVICE.settings} | {one.id for one in SERVICE.groups}
    text = refused(lambda: scope(SERVICE, only, skip))
    if set(only) | set(skip) <= known:
        assert text is None or "left to look at" in text
    else:
        assert text is not None
        assert "optout settings" in text


@LOOSE
@given(TEXT | st.sampled_from(["http://[", "http://127.0.0.1:99999", "file:///etc", "//x", "http://127.0.0.1/x?y"]))
def test_any_origin_is_of_this_machine_or_refused(origin: str) -> None:
    text = refused(lambda: with_origin(SERVICE, origin))
    assert text != "a refusal without a word"
    assert text is not None or with_origin(SERVICE, origin).is_loopback


@LOOSE
@given(st.binary(max_size=200) | TEXT.map(str.encode))
def test_any_selectors_file_is_taken_or_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "selectors.yaml"
    file.write_bytes(content)
    text = refused(lambda: load_catalogue(tmp_path / "none", file))
    assert text is not None
    assert "selectors.yaml" in text


@settings(LOOSE, max_examples=25)
@given(st.integers(0, len(PACKAGED) - 1), st.binary(min_size=1, max_size=3), st.integers(0, 40))
def test_a_damaged_copy_of_the_catalogue_is_taken_or_refused(
    tmp_path: Path, at: int, content: bytes, dropped: int
) -> None:
    file = tmp_path / "selectors.yaml"
    file.write_bytes(PACKAGED[:at] + content + PACKAGED[at + dropped :])
    text = refused(lambda: load_catalogue(tmp_path / "none", file))
    assert text is None or "selectors.yaml" in text


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ACCOUNT = {
    "name": "me", "service": "linkedin", "username": "me@x.test", "origin": "https://www.linkedin.com",
    "has_totp": False, "added": "2026-11-23T12:00:00Z",
}  # fmt: skip


@LOOSE
@given(
    st.binary(max_size=100)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.dictionaries(st.sampled_from([*ACCOUNT, "more"]), JSON, max_size=4).map(
        lambda changes: json.dumps({"format": 1, "accounts": [{**ACCOUNT, **changes}]}).encode()
    )
)
def test_any_accounts_file_is_taken_or_refused_by_name(tmp_path: Path, content: bytes) -> None:
    places = Places(tmp_path).prepare()
    places.accounts_file.write_bytes(content)
    text = refused(lambda: AccountBook(places, MemorySecrets()).list())
    assert text is None or "accounts.json" in text


@settings(LOOSE, max_examples=30)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=64), st.integers(0, 4000))
def test_any_damage_to_the_history_is_a_sentence_or_no_damage(
    tmp_path: Path, at: int, content: bytes, cut: int
) -> None:
    file = tmp_path / "history.sqlite"
    for path in tmp_path.glob("history.sqlite*"):
        path.unlink()
    with History.open(file) as history:
        history.begin_run("run", False, {"me": "https://x.test"}, program_version="1", catalogue_version="1")
    whole = file.read_bytes()
    at %= len(whole)
    file.write_bytes(whole[:at] + content + whole[at + len(content) : len(whole) - cut])

    def read() -> None:
        with History.open(file) as history:
            for row in history.runs():
                history.evidence(row.run_id)
            history.last_verified("me", "https://x.test")
            history.unfinished("me", "https://x.test")

    text = refused(read)
    assert text is None or "history.sqlite" in text


@LOOSE
@given(st.binary(min_size=0, max_size=5000))
def test_a_file_that_is_no_history_is_never_written_over(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "history.sqlite"
    for path in tmp_path.glob("history.sqlite*"):
        path.unlink()
    file.write_bytes(content)
    text = refused(lambda: History.open(file).close())
    assert (text is None) == (content == b"")
    assert content == b"" or file.read_bytes() == content


@pytest.mark.parametrize(
    "changes",
    [
        {"only": ("no-such-setting",), "practice": True},
        {"browser": "netscape"},
        {"grid": "http://grid.example:4444"},
        {"grid": "nonsense"},
        {"grid": "", "practice": True},
        {"origin": "", "practice": True},
        {"scenario": "plain2", "practice": True},
        {"scenario": "popup"},
        {"practice": True, "origin": "http://127.0.0.1:1"},
        {"selectors": Path("no-such-file.yaml")},
        {"accounts": ("nobody",)},
        {"accounts": ()},
    ],
    ids="-".join,
)
def test_wrong_requests_are_refused_with_a_sentence_and_nothing_is_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    monkeypatch.setenv("OPTOUT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPTOUT_KEYRING_PASSPHRASE", "right")
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    with pytest.raises(OptoutError) as refusal:
        carry_out(request(**changes))
    assert isinstance(refusal.value, UsageError)
    file = tmp_path / "home" / "history.sqlite"
    if file.exists():
        with closing(sqlite3.connect(file)) as database:
            assert database.execute("SELECT COUNT(*) FROM runs").fetchone() == (0,)


# --- pages


NAMES = st.lists(TEXT | st.sampled_from(["Age range", "Gender", "Do not use my age", "On"]), max_size=2).map(tuple)
IDS = st.none() | TEXT | st.sampled_from(["allowAdsByAge", "allowAdsByGender"])
CONTROLS = st.lists(
    st.builds(
        lambda name, names, labelledby, checked, aria: control(
            name=name, names=names, labelledby=labelledby, state=state(checked=checked, aria=aria)
        ),
        IDS,
        NAMES,
        st.lists(TEXT | st.just("allowAdsByAge"), max_size=2).map(tuple),
        st.none() | st.booleans(),
        st.none() | TEXT | st.sampled_from(["true", "false"]),
    ),
    max_size=3,
)
HEADINGS = st.lists(st.tuples(st.integers(-3, 9), TEXT | st.sampled_from(["Age range", "Gender"])), max_size=3).map(
    tuple
)
DIRECTORY = directory()


@LOOSE
@given(
    CONTROLS,
    HEADINGS,
    st.sampled_from([AGE_PATH, "/mypreferences/d/settings/ads-by-gender", "/x", "/", ""]) | TEXT.map("/{}".format),
    st.sampled_from(["en", "de", "", "xx"]) | TEXT,
    st.integers(0, 2),
)
def test_no_page_can_break_the_proof_or_win_it_against_a_contradiction(
    controls: list[Any], headings: tuple[tuple[int, str], ...], path: str, lang: str, found_by: int
) -> None:
    age = setting("ads-age")
    view = page(path, *controls, versions=len(age.controls), found_by=found_by, headings=headings, lang=lang)
    verdict = prove(DIRECTORY, age, view, Lead(path))
    if not isinstance(verdict, Proved):
        assert verdict.text
        return
    assert len(verdict.witnesses) >= 2
    (one,) = verdict.controls
    assert "allowAdsByGender" not in one.own_ids or "allowAdsByAge" in one.own_ids
    assert path != "/mypreferences/d/settings/ads-by-gender"
    assert isinstance(state_of(verdict.version, verdict.controls)[0], State)
