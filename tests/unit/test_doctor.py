from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from optout import doctor
from optout.accounts import AccountBook, new_account
from optout.doctor import Finding, Level, Surroundings, examine
from optout.encrypted_file import EncryptedFile
from optout.errors import UsageError
from optout.history import History
from optout.outcomes import AccountResult, RunResult, Status
from optout.places import Places
from optout.secret import MemorySecrets, Secret

ORIGIN = "https://www.example.com"


class Usage(NamedTuple):
    total: int
    used: int
    free: int


@pytest.fixture
def programs(tmp_path: Path) -> Callable[[str, str], Path]:
    def put(name: str, says: str) -> Path:
        path = tmp_path / "bin" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\necho '{says}'\n")
        path.chmod(0o755)
        return path

    return put


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Surroundings:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    environ = {"PATH": str(tmp_path / "bin")}
    return Surroundings(Places(tmp_path / "home").prepare(), environ, "linux", date(2026, 11, 23), None, False)


def by_name(findings: Iterable[Finding]) -> dict[str, Finding]:
    return {finding.name: finding for finding in findings}


def account_with_run(here: Surroundings, status: Status | None, *, has_profile: bool = True) -> Finding:
    account = new_account("me", "site", "me@example.com", ORIGIN)
    AccountBook(here.places, MemorySecrets()).add(account, Secret("pw"))
    if has_profile:
        here.places.profile("me", ORIGIN).mkdir(parents=True)
    if status is not None:
        with History.open(here.places.history_file) as history:
            run = history.begin_run("run", False, {"me": ORIGIN}, program_version="0.1", catalogue_version="2026-08-01")
            result = AccountResult("me", "site", status, "reason", 1, ())
            history.finish_account(run, result, ORIGIN)
            history.finish_run(run, RunResult("run", False, datetime(2026, 11, 20, tzinfo=UTC), 1.0, (result,)))
    return by_name(doctor.accounts(here))["account me"]


def test_a_browser_with_its_driver_is_ready(here: Surroundings, programs: Callable[[str, str], Path]) -> None:
    programs("chromium", "Chromium 156.0.1")
    programs("chromedriver", "ChromeDriver 156.0.1 (x)")
    programs("firefox", "Mozilla Firefox 153.7.0")
    found = by_name(doctor.browser_and_driver(here))
    assert {finding.level for finding in found.values()} == {Level.OK}
    assert "also here: firefox" in found["browser"].text


def test_no_browser_is_an_error_with_the_package(here: Surroundings) -> None:
    (finding,) = doctor.browser_and_driver(here)
    assert (finding.level, finding.remedy) == (Level.ERROR, "sudo apt-get install chromium chromium-driver")
    (mac,) = doctor.browser_and_driver(replace(here, platform="darwin"), "firefox")
    assert mac.remedy == "brew install --cask firefox && brew install geckodriver"


def test_a_driver_of_another_major_version_is_an_error(
    here: Surroundings, programs: Callable[[str, str], Path]
) -> None:
    programs("chromium", "Chromium 156.0.1")
    programs("chromedriver", "ChromeDriver 155.0.1 (x)")
    driver = by_name(doctor.browser_and_driver(here))["driver"]
    assert driver.level is Level.ERROR
    assert driver.text == "chromedriver 155.0.1 does not fit chromium 156.0.1"
    assert driver.remedy == "sudo apt-get install chromium-driver"


def test_a_missing_driver_is_a_warning(here: Surroundings, programs: Callable[[str, str], Path]) -> None:
    programs("firefox", "Mozilla Firefox 153.7.0")
    driver = by_name(doctor.browser_and_driver(here, "firefox"))["driver"]
    assert (driver.level, driver.remedy) == (Level.WARNING, "cargo install geckodriver")


def test_a_browser_variable_that_names_nothing_is_an_error(here: Surroundings) -> None:
    here.environ["OPTOUT_BROWSER_BINARY"] = "/nowhere"
    (finding,) = doctor.browser_and_driver(here)
    assert finding.level is Level.ERROR
    assert finding.remedy == "unset OPTOUT_BROWSER_BINARY OPTOUT_DRIVER"


def test_root_is_told_about_the_sandbox(here: Surroundings, programs: Callable[[str, str], Path]) -> None:
    programs("chromium", "Chromium 156.0.1")
    assert "sandbox" in by_name(doctor.browser_and_driver(replace(here, is_root=True)))
    assert "sandbox" not in by_name(doctor.browser_and_driver(here))


def test_an_unknown_browser_is_refused(here: Surroundings) -> None:
    with pytest.raises(UsageError, match="There is no browser 'safari' to choose"):
        examine(here, "safari")


def test_a_screen_is_seen(here: Surroundings) -> None:
    assert doctor.display(here).level is Level.WARNING
    here.environ["WAYLAND_DISPLAY"] = "wayland-0"
    assert doctor.display(here) == Finding("display", Level.OK, "WAYLAND_DISPLAY=wayland-0")
    assert doctor.display(replace(here, platform="darwin", environ={})).level is Level.OK


def test_a_home_that_is_a_file_is_an_error(here: Surroundings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file", tmp_path / "file" / "below"):
        finding = doctor.home(replace(here, places=Places(home)))
        assert (finding.level, finding.remedy) == (Level.ERROR, "export OPTOUT_HOME=~/.optout")


def test_a_home_that_is_not_there_yet_is_fine_and_stays_so(here: Surroundings, tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    finding = doctor.home(replace(here, places=Places(home)))
    assert (finding.level, "made at the first use" in finding.text) == (Level.OK, True)
    assert not home.parent.exists()


@pytest.mark.parametrize(
    ("free", "level"), [(50_000_000_000, Level.OK), (900_000_000, Level.WARNING), (100_000_000, Level.ERROR)]
)
def test_little_space_is_told(here: Surroundings, monkeypatch: pytest.MonkeyPatch, free: int, level: Level) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage(10**12, 0, free))
    finding = doctor.disk(here)
    assert finding.level is level
    assert (finding.remedy is None) == (level is Level.OK)


def test_without_a_system_keyring_the_encrypted_file_is_named(here: Surroundings) -> None:
    without = doctor.keyring_here(here)
    assert without.level is Level.WARNING
    assert str(here.places.keyring_file) in without.text
    assert without.remedy == "read -rs OPTOUT_KEYRING_PASSPHRASE && export OPTOUT_KEYRING_PASSPHRASE"
    assert doctor.keyring_here(replace(here, passphrase=Secret("right"))).level is Level.OK


def test_a_passphrase_is_tried_on_the_file_that_is_there(here: Surroundings) -> None:
    EncryptedFile(here.places.keyring_file, Secret("right"), None).set("service", "me", Secret("pw"))
    found = [doctor.keyring_here(replace(here, passphrase=Secret(one))) for one in ("right", "wrong")]
    assert [one.level for one in found] == [Level.OK, Level.ERROR]
    assert found[1].text.startswith(f"The passphrase does not open {here.places.keyring_file}")
    assert found[1].remedy == "read -rs OPTOUT_KEYRING_PASSPHRASE && export OPTOUT_KEYRING_PASSPHRASE"


def test_a_plain_text_keyring_is_an_error(here: Surroundings) -> None:
    here.environ["PYTHON_KEYRING_BACKEND"] = "keyrings.cryptfile.file.PlaintextKeyring"
    finding = doctor.keyring_here(here)
    assert (finding.level, finding.remedy) == (Level.ERROR, "unset PYTHON_KEYRING_BACKEND")
    assert "stores passwords as plain text" in finding.text


def test_the_passphrase_is_taken_out_of_the_environment(tmp_path: Path) -> None:
    environ = {"OPTOUT_KEYRING_PASSPHRASE": "right", "OPTOUT_HOME": str(tmp_path)}
    assert Surroundings.this(environ).passphrase == Secret("right")
    assert "OPTOUT_KEYRING_PASSPHRASE" not in environ


def test_the_catalogues_age_and_the_clock_are_told(here: Surroundings) -> None:
    good = by_name(doctor.catalogue_and_clock(here))
    assert [good[name].level for name in ("catalogue", "clock")] == [Level.OK, Level.OK]
    old = by_name(doctor.catalogue_and_clock(replace(here, today=date(2031, 1, 1))))
    assert (old["catalogue"].level, old["catalogue"].remedy) == (Level.WARNING, "pipx upgrade optout")
    early = by_name(doctor.catalogue_and_clock(replace(here, today=date(1970, 1, 1))))
    assert (early["clock"].level, early["clock"].remedy) == (Level.ERROR, "sudo timedatectl set-ntp true")


def test_a_broken_overlay_is_an_error_and_a_good_one_is_named(here: Surroundings) -> None:
    overlay = here.places.overlay_file
    assert "overlay" not in by_name(doctor.catalogue_and_clock(here))
    overlay.write_text("format: 1\nnonsense: true\n")
    broken = by_name(doctor.catalogue_and_clock(here))["overlay"]
    assert (broken.level, broken.remedy) == (Level.ERROR, f"mv '{overlay}' '{overlay}.broken'")
    overlay.write_text("format: 1\n")
    assert by_name(doctor.catalogue_and_clock(here))["overlay"].level is Level.OK


def test_no_account_is_a_warning_with_the_command(here: Surroundings) -> None:
    assert list(doctor.accounts(here)) == [
        Finding("accounts", Level.WARNING, "none is set up yet", "optout accounts add me")
    ]


def test_a_damaged_accounts_file_is_an_error(here: Surroundings) -> None:
    path = here.places.accounts_file
    path.write_text("{")
    (finding,) = doctor.accounts(here)
    assert (finding.level, finding.remedy) == (Level.ERROR, f"mv '{path}' '{path}.broken'")
    path.write_text('{"format": 2, "accounts": []}')
    (newer,) = doctor.accounts(here)
    assert newer.remedy == "pipx upgrade optout", "a newer file is whole and stays where it is"


def test_an_account_without_a_kept_profile_is_sent_to_login(here: Surroundings) -> None:
    finding = account_with_run(here, None, has_profile=False)
    assert (finding.level, finding.remedy) == (Level.WARNING, "optout login me")


def test_an_account_whose_session_held_is_ready(here: Surroundings) -> None:
    finding = account_with_run(here, Status.DONE)
    assert finding.level is Level.OK
    assert "the session held in the run of" in finding.text


def test_an_account_that_needed_a_person_is_sent_to_login(here: Surroundings) -> None:
    finding = account_with_run(here, Status.NEEDS_HUMAN)
    assert (finding.level, finding.remedy) == (Level.WARNING, "optout login me")


def test_an_account_whose_run_failed_is_sent_to_check(here: Surroundings) -> None:
    finding = account_with_run(here, Status.FAILED)
    assert (finding.level, finding.remedy) == (Level.WARNING, "optout check me")


def test_a_damaged_history_is_an_error_and_accounts_are_still_told(here: Surroundings) -> None:
    account_with_run(here, None)
    here.places.history_file.write_bytes(b"no database" * 100)
    found = by_name([*doctor.history_here(here), *doctor.accounts(here)])
    assert found["history"].level is Level.ERROR
    assert found["account me"].level is Level.OK


def test_every_warning_and_error_comes_with_a_command(here: Surroundings) -> None:
    for finding in examine(here):
        assert finding.level is Level.OK or finding.remedy, finding


def test_a_history_that_cannot_be_used_is_found_before_there_is_an_account(here: Surroundings) -> None:
    here.places.history_file.write_bytes(b"no database" * 100)
    finding = by_name(examine(here))["history"]
    assert finding.level is Level.ERROR
    assert finding.remedy == f"mv '{here.places.history_file}' '{here.places.history_file}.broken'"
