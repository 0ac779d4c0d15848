"""`optout rights` from the command line: what it fills in, where it writes, and that it sends nothing."""

import email
import os
import stat
import subprocess
import sys
from datetime import UTC, datetime
from email.policy import default as default_policy
from pathlib import Path
from typing import Any

import pytest

from optout.catalogue.loading import load_catalogue
from optout.history import History
from optout.outcomes import AccountResult, Outcome, SettingResult, State, Status

AT = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)


@pytest.fixture
def optout(tmp_path: Any) -> Any:
    """The program in a home of its own; a browser that only writes down which address it was given."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\nprintf "%s" "$1" > {tmp_path / "opened"}\n')
    browser.chmod(0o755)
    environment = {
        **os.environ,
        "OPTOUT_HOME": str(tmp_path / "home"),
        "OPTOUT_KEYRING_PASSPHRASE": "a passphrase",
        "DBUS_SESSION_BUS_ADDRESS": "disabled:",
        "BROWSER": str(browser),
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "80",
    }

    def call(*arguments: Any, stdin: Any = "", **variables: Any) -> Any:
        return subprocess.run(
            [sys.executable, "-m", "optout", *map(str, arguments)],
            input=stdin.encode(),
            capture_output=True,
            env={**environment, **variables},
            cwd=Path(__file__).parents[2],
            check=False,
        )

    return call


@pytest.fixture
def service() -> Any:
    return load_catalogue().services[0]


def add(optout: Any, name: Any = "me", username: Any = "ada@example.org") -> None:
    done = optout("accounts", "add", name, "--username", username, "--password-stdin", stdin="a password\n")
    assert done.returncode == 0, done.stderr.decode()


def prove_off(tmp_path: Any, service: Any, setting: Any, command: Any = "run") -> None:
    result = SettingResult(
        setting.id,
        setting.group,
        setting.title,
        Outcome.TURNED_OFF,
        url=service.origin + "/x",
        before=State.ON,
        after=State.OFF,
        selector="2026-07",
        checked_at=AT,
    )
    with History.open(tmp_path / "home" / "history.sqlite") as history:
        run = history.begin_run(
            command, False, {"me": service.origin}, program_version="1", catalogue_version="1", started=AT
        )
        account = AccountResult("me", service.id, Status.DONE, None, 1, (result,))
        history.finish_account(run, account, service.origin)


def test_a_letter_is_written_without_any_account(optout: Any) -> None:
    done = optout("rights", "--region", "fr", "--language", "fr", "--name", "Ada")
    assert done.returncode == 0, done.stderr.decode()
    text = done.stdout.decode()
    assert "RGPD" in text
    assert "Expéditeur : Ada" in text
    assert "[adresse e-mail du compte]" in text


def test_the_letter_names_the_account_and_what_was_proved_off(optout: Any, tmp_path: Any, service: Any) -> None:
    add(optout)
    setting = service.settings[0]
    prove_off(tmp_path, service, setting)
    text = optout("rights", "--region", "eu").stdout.decode()
    assert "Account: ada@example.org" in text
    assert f"- {setting.labels.get('en', (setting.title,))[0]}: off on 3 November 2026, 09:30 UTC" in text
    assert service.objection.url in text


def test_what_only_a_check_saw_is_not_in_the_letter(optout: Any, tmp_path: Any, service: Any) -> None:
    """It may have read no more than an index."""
    add(optout)
    prove_off(tmp_path, service, service.settings[0], command="check")
    assert "off on" not in optout("rights", "--region", "eu").stdout.decode()


def test_the_persons_language_is_taken_from_the_locale(optout: Any) -> None:
    assert "Sehr geehrte" in optout("rights", "--region", "ch", LC_ALL="de_CH.UTF-8").stdout.decode()
    assert "To whom it may concern" in optout("rights", "--region", "ch", LC_ALL="tlh").stdout.decode()


def test_a_draft_goes_to_a_new_private_file_and_the_notes_to_the_terminal(optout: Any, tmp_path: Any) -> None:
    path = tmp_path / "draft.eml"
    done = optout("rights", "--region", "uk", "--format", "eml", "--email", "a@example.org", "--output", path)
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"Nothing has been sent" in done.stderr
    assert b"no legal advice" in done.stderr
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert email.message_from_bytes(path.read_bytes(), policy=default_policy)["X-Unsent"] == "1"


def test_a_file_that_exists_is_left_as_it_is(optout: Any, tmp_path: Any) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("mine")
    done = optout("rights", "--region", "uk", "--output", path)
    assert done.returncode == 2
    assert f"{path} exists already and was left as it is." in " ".join(done.stderr.decode().split())
    assert path.read_text() == "mine"


def test_the_form_is_opened_only_on_request(optout: Any, tmp_path: Any, service: Any) -> None:
    assert optout("rights", "--region", "uk").returncode == 0
    assert not (tmp_path / "opened").exists()
    assert optout("rights", "--region", "uk", "--open").returncode == 0
    assert (tmp_path / "opened").read_text() == service.objection.url


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--region", "atlantis"], "The region 'atlantis' is unknown. Known: eu (European Union"),
        ([], "The law depends on where you live: add --region. Known: eu (European Union"),
        (
            ["--region", "eu", "--language", "tlh"],
            "No letter is written in the language 'tlh'. Known: en, de, fr, es, it",
        ),
        (["--region", "eu", "--email", "nobody"], "'nobody' is no e-mail address. Name the account's: --email"),
        (["nobody", "--region", "eu"], "nobody"),
        (["--region", "eu", "--service", "nobody"], "There is no service 'nobody' in the selectors."),
    ],
)
def test_wrong_usage_ends_with_2_one_sentence_and_no_letter(optout: Any, arguments: Any, sentence: Any) -> None:
    done = optout("rights", *arguments)
    text = " ".join(done.stderr.decode().split())
    assert (done.returncode, done.stdout) == (2, b"")
    assert sentence in text
    assert "Traceback" not in text


def test_of_several_accounts_one_has_to_be_named(optout: Any) -> None:
    add(optout)
    add(optout, "work", "work@example.org")
    done = optout("rights", "--region", "eu")
    assert done.returncode == 2
    assert b"me" in done.stderr
    assert b"work" in done.stderr
    assert b"work@example.org" in optout("rights", "work", "--region", "eu").stdout
