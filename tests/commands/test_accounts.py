from __future__ import annotations

import json
import os
import pty
import select
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

MARK = "marked-password-7f3a %ä"
TOTP = "GEZD GNBV GY3T QOJQ GEZD GNBV GY3T QOJQ"
OPTOUT = [sys.executable, "-m", "optout"]
LONGEST_WAIT_SECONDS = 30


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """A machine without a desktop: no system keyring, an own home."""
    kept = {key: os.environ[key] for key in ("PATH", "PYTHONPATH", "LANG") if key in os.environ}
    return {
        **kept,
        "HOME": str(tmp_path),
        "OPTOUT_HOME": str(tmp_path / "home"),
        "OPTOUT_KEYRING_PASSPHRASE": "right",
        "PYTHONUTF8": "1",
        "NO_COLOR": "1",
        "COLUMNS": "120",
    }


def optout(environ: dict[str, str], *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    # A session of its own has no terminal: whatever asks must refuse instead.
    return subprocess.run(
        [*OPTOUT, *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        env=environ,
        start_new_session=True,
        timeout=LONGEST_WAIT_SECONDS,
        check=False,
    )


def added(environ: dict[str, str], name: str = "me", *more: str, stdin: str = MARK + "\n") -> None:
    done = optout(
        environ, "accounts", "add", name, "--username", "me@example.com", "--password-stdin", *more, stdin=stdin
    )
    assert (done.returncode, done.stderr) == (0, "")


def names(environ: dict[str, str]) -> list[str]:
    return [row["name"] for row in json.loads(optout(environ, "accounts", "list", "--json").stdout)["accounts"]]


def kept_secrets(environ: dict[str, str], name: str = "me") -> list[str]:
    """What a program that knows the passphrase gets for the account."""
    code = (
        "import os, sys; from optout.accounts import AccountBook; from optout.keyrings import open_secrets;"
        "from optout.places import Places; places = Places.from_environment(os.environ);"
        "secrets = open_secrets(places, os.environ); account = AccountBook(places, secrets).get(sys.argv[1]);"
        "found = [secrets.password(account.name, account.origin), secrets.totp(account.name, account.origin)];"
        "print([secret and secret.reveal() for secret in found])"
    )
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, env=environ, check=True)
    return list(eval(done.stdout))  # noqa: S307 -- a list that our own line above has printed


def test_an_account_is_added_without_a_terminal_and_listed(environ: dict[str, str], tmp_path: Path) -> None:
    command = "accounts add me --service linkedin --username me@example.com --password-stdin --totp-stdin"
    done = optout(environ, *command.split(), stdin=f"{MARK}\r\n{TOTP}\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Password and authenticator secret are in the encrypted file." in done.stdout
    assert "optout run me --dry-run" in done.stdout
    assert kept_secrets(environ) == [MARK, TOTP.replace(" ", "")]

    listed = optout(environ, "accounts", "list")
    assert listed.returncode == 0
    assert "me@example.com" in listed.stdout
    document = json.loads(optout(environ, "accounts", "list", "--json").stdout)
    (row,) = document["accounts"]
    assert (row["name"], row["service"], row["has_totp"], row["profile_kept"]) == ("me", "linkedin", True, False)
    for path in (tmp_path / "home").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
        assert path.is_dir() or MARK.encode() not in path.read_bytes()
    for text in (done.stdout, listed.stdout, json.dumps(document)):
        assert MARK not in text


def test_a_password_keeps_its_spaces(environ: dict[str, str]) -> None:
    added(environ, stdin="  spaced \t\n")
    assert kept_secrets(environ) == ["  spaced \t", None]


def test_a_last_line_without_a_newline_is_a_password_too(environ: dict[str, str]) -> None:
    added(environ, stdin="bare")
    assert kept_secrets(environ) == ["bare", None]


@pytest.mark.parametrize(
    ("arguments", "stdin", "said"),
    [
        (("--username", "u", "--password-stdin"), "", "The first line of standard input, the password, is empty"),
        (("--username", "u", "--password-stdin"), "\nx\n", "The first line of standard input, the password, is empty"),
        (("--username", "u", "--password-stdin", "--totp-stdin"), "pw\n", "The second line of standard input"),
        (("--username", "u", "--password-stdin", "--totp-stdin"), "pw\nnonsense!\n", "authenticator secret is not one"),
        (("--username", "u", "--totp-stdin"), "pw\n", "give it together with --password-stdin"),
        (("--password-stdin",), "pw\n", "the user name must be given: add --username NAME"),
        (("--username", " ", "--password-stdin"), "pw\n", "cannot be a user name"),
        (("--username", "u"), "pw\n", "No terminal is there to ask for the password"),
        (("--username", "u", "--password-stdin"), "x" * 9000, "is longer than 8192 bytes"),
        (("--username", "u", "--password-stdin", "--service", "nosuch"), "pw\n", "There is no service 'nosuch'"),
        (("--username", "u", "--password-stdin", "--origin", "https://evil.example"), "pw\n", "is refused"),
        (("--username", "u", "--password-stdin", "--selectors", "/nowhere.yaml"), "pw\n", "/nowhere.yaml"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_stored(
    environ: dict[str, str], arguments: tuple[str, ...], stdin: str, said: str
) -> None:
    done = optout(environ, "accounts", "add", "me", *arguments, stdin=stdin)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (Path(environ["OPTOUT_HOME"]) / "accounts.json").exists()
    assert not (Path(environ["OPTOUT_HOME"]) / "keyring.cfg").exists()


def test_bytes_that_are_no_text_are_refused_without_being_shown(environ: dict[str, str]) -> None:
    command = [*OPTOUT, "accounts", "add", "me", "--username", "u", "--password-stdin"]
    done = subprocess.run(command, input=b"\xff\xfemark", capture_output=True, env=environ, check=False)
    assert done.returncode == 2
    assert b"is not UTF-8 text" in done.stderr
    assert b"mark" not in done.stderr


def test_a_password_is_no_argument(environ: dict[str, str]) -> None:
    done = optout(environ, "accounts", "add", "me", "--username", "u", "--password", "pw")
    assert done.returncode == 2
    assert "No such option" in done.stderr


def test_a_taken_name_is_refused_unless_it_is_to_be_replaced(environ: dict[str, str]) -> None:
    added(environ)
    again = ("accounts", "add", "me", "--username", "new@example.com", "--password-stdin")
    done = optout(environ, *again, stdin="second\n")
    assert done.returncode == 2
    assert "There is already an account me" in done.stderr
    assert kept_secrets(environ) == [MARK, None]
    assert optout(environ, *again, "--replace", stdin="second\n").returncode == 0
    assert kept_secrets(environ) == ["second", None]


def test_a_selectors_file_gives_the_account_its_origin(environ: dict[str, str], tmp_path: Path) -> None:
    source = Path(__file__).parents[2] / "selectors.yaml"
    other = tmp_path / "other.yaml"
    other.write_text(source.read_text().replace("https://www.linkedin.com", "https://other.example"))
    added(environ, "me", "--selectors", str(other))
    (row,) = json.loads(optout(environ, "accounts", "list", "--json").stdout)["accounts"]
    assert row["origin"] == "https://other.example"


def test_removing_takes_secrets_and_profiles_along(environ: dict[str, str]) -> None:
    added(environ)
    added(environ, "me@work")
    profiles = Path(environ["OPTOUT_HOME"]) / "profiles"
    for name in ("me@www.linkedin.com", "me@127.0.0.1_8080", "me@work@www.linkedin.com"):
        (profiles / name / "Default").mkdir(parents=True)
    refused = optout(environ, "accounts", "remove", "me")
    assert (refused.returncode, "add --yes" in refused.stderr) == (2, True)
    done = optout(environ, "accounts", "remove", "me", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 browser profile(s)" in done.stdout
    assert [path.name for path in profiles.iterdir()] == ["me@work@www.linkedin.com"]
    assert kept_secrets(environ, "me@work") == [MARK, None]
    keyring = (Path(environ["OPTOUT_HOME"]) / "keyring.cfg").read_text()
    assert len([line for line in keyring.splitlines() if line.startswith("me")]) == 1


@pytest.mark.parametrize("at_work", ["me@www.linkedin.com", "me@127.0.0.1_8080"])
def test_nothing_is_removed_while_a_run_is_at_work(environ: dict[str, str], at_work: str) -> None:
    added(environ)
    home = Path(environ["OPTOUT_HOME"])
    (home / "profiles" / "me@127.0.0.1_8080" / "Default").mkdir(parents=True)
    (home / "locks").mkdir(exist_ok=True)
    with FileLock(home / "locks" / f"{at_work}.lock"):
        done = optout(environ, "accounts", "remove", "me", "--yes")
    assert done.returncode == 2
    assert "A run is at work on me, so nothing was removed" in done.stderr
    assert (home / "profiles" / "me@127.0.0.1_8080" / "Default").is_dir()
    assert names(environ) == ["me"]


def test_removing_works_where_the_keyring_is_out_of_reach_and_says_so(environ: dict[str, str]) -> None:
    added(environ)
    (Path(environ["OPTOUT_HOME"]) / "keyring.cfg").unlink()
    done = optout(environ, "accounts", "remove", "me", "--yes")
    assert done.returncode == 0
    assert "its secrets could not be deleted. No keyring can be reached here" in done.stderr
    assert names(environ) == []


def test_an_unknown_account_names_the_known_ones(environ: dict[str, str]) -> None:
    added(environ, "personal")
    done = optout(environ, "accounts", "remove", "personel", "--yes")
    assert done.returncode == 2
    assert "Did you mean personal? There are: personal" in done.stderr


def test_without_a_passphrase_the_refusal_names_the_variable(environ: dict[str, str]) -> None:
    del environ["OPTOUT_KEYRING_PASSPHRASE"]
    done = optout(environ, "accounts", "add", "me", "--username", "u", "--password-stdin", stdin="pw\n")
    assert done.returncode == 2
    assert "Set the variable OPTOUT_KEYRING_PASSPHRASE" in done.stderr


def test_a_wrong_passphrase_is_one_sentence(environ: dict[str, str]) -> None:
    added(environ)
    wrong = {**environ, "OPTOUT_KEYRING_PASSPHRASE": "wrong"}
    done = optout(wrong, "accounts", "add", "you", "--username", "u", "--password-stdin", stdin="pw\n")
    assert done.returncode == 2
    assert "The passphrase does not open" in done.stderr
    assert names(environ) == ["me"]


@pytest.mark.parametrize("home", ["/proc/optout", "/dev/null", "/dev/null/x"])
def test_a_home_that_cannot_be_used_is_one_sentence(environ: dict[str, str], home: str) -> None:
    environ["OPTOUT_HOME"] = home
    done = optout(environ, "accounts", "add", "me", "--username", "u", "--password-stdin", stdin="pw\n")
    assert done.returncode == 2
    assert "export OPTOUT_HOME=" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_damaged_accounts_file_is_one_sentence(environ: dict[str, str]) -> None:
    added(environ)
    (Path(environ["OPTOUT_HOME"]) / "accounts.json").write_text('{"format": 1, "acc')
    done = optout(environ, "accounts", "list")
    assert done.returncode == 2
    assert "is damaged" in done.stderr
    assert "Traceback" not in done.stderr


def answer(environ: dict[str, str], arguments: tuple[str, ...], answers: list[tuple[str, str]]) -> tuple[int, str]:
    """Runs the command on a terminal of its own and answers each prompt when it appears; gives code and screen."""
    child, terminal = pty.fork()
    if child == 0:
        os.execve(sys.executable, [*OPTOUT, *arguments], environ)  # noqa: S606
    screen = ""
    seen = 0
    while True:
        ready, _, _ = select.select([terminal], [], [], LONGEST_WAIT_SECONDS)
        assert ready, f"nothing more came after: {screen}"
        try:
            part = os.read(terminal, 4096).decode()
        except OSError:
            break
        if not part:
            break
        screen += part
        if answers and answers[0][0] in screen[seen:]:
            seen = len(screen)
            os.write(terminal, answers.pop(0)[1].encode() + b"\n")
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    assert not answers, f"never asked: {answers}"
    return code, screen


def test_on_a_terminal_everything_is_asked_for_and_no_secret_is_echoed(environ: dict[str, str]) -> None:
    del environ["OPTOUT_KEYRING_PASSPHRASE"]
    code, screen = answer(
        environ,
        ("accounts", "add", "me"),
        [
            ("E-mail or user name", "me@example.com"),
            ("Password (not shown)", MARK),
            ("The same again", MARK),
            ("Authenticator secret", ""),
            ("New passphrase", "right"),
            ("The same again", "right"),
        ],
    )
    assert code == 0, screen
    assert MARK not in screen
    assert kept_secrets({**environ, "OPTOUT_KEYRING_PASSPHRASE": "right"}) == [MARK, None]
    code, screen = answer(environ, ("accounts", "remove", "me"), [("Forget me (me@example.com)", "n")])
    assert (code, "Nothing was removed" in screen) == (2, True)
    code, screen = answer(environ, ("accounts", "remove", "me"), [("Forget me (me@example.com)", "y")])
    assert (code, "Removed me" in screen) == (0, True)


def test_two_passwords_that_differ_store_nothing(environ: dict[str, str]) -> None:
    code, screen = answer(
        environ,
        ("accounts", "add", "me", "--username", "u"),
        [("Password (not shown)", "one"), ("The same again", "two")],
    )
    assert (code, "The two passwords differ: nothing was stored" in screen) == (2, True)


def test_help_is_quick_to_load() -> None:
    code = (
        "import sys; import optout.cli.accounts_commands, optout.cli.doctor_command, optout.cli.schedule_command;"
        "heavy = {'selenium', 'keyring', 'pydantic', 'flask', 'jinja2', 'ruamel.yaml', 'rich.table', 'platformdirs'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
