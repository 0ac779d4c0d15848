from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import pytest
from keyring.backend import KeyringBackend
from keyring.backends.chainer import ChainerBackend
from keyring.errors import KeyringLocked, PasswordDeleteError

from optout.errors import UsageError
from optout.keyrings import KeyringSecrets, NoSystemKeyring, SystemKeyring, find_system_keyring, open_secrets
from optout.places import Places
from optout.secret import Secret

ORIGIN = "https://www.example.com"
RIGHT = "right"
NULL = "keyring.backends.null.Keyring"
HERE = "tests.unit.test_keyrings"


class WorkingKeyring(KeyringBackend):
    """A third party's keyring that works; what it holds is shared, as in a real one."""

    priority = 1
    kept: ClassVar[dict[tuple[str, str], str]] = {}

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        if self.kept.pop((service, username), None) is None:
            raise PasswordDeleteError("not there")


class LockedKeyring(WorkingKeyring):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002
        raise KeyringLocked("Failed to unlock the collection!")

    set_password = delete_password = get_password  # type: ignore[assignment]


class DenyingKeyring(WorkingKeyring):
    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002
        raise RuntimeError("Can't get password from keychain: (-128, 'Unknown Error')")


class SilentKeyring(WorkingKeyring):
    """Waits for an unlock dialog that nobody answers."""

    def get_password(self, service: str, username: str) -> str | None:  # noqa: ARG002
        threading.Event().wait()
        return None


class MyPlaintextKeyring(WorkingKeyring):
    pass


class SubclassOfPlain(MyPlaintextKeyring):
    pass


class BrokenKeyring:
    priority = 1

    def __init__(self) -> None:
        raise RuntimeError("needs a daemon")


class GoodChain(ChainerBackend):
    backends = (WorkingKeyring(), MyPlaintextKeyring())


class PlainChain(ChainerBackend):
    backends = (MyPlaintextKeyring(), WorkingKeyring())


class EmptyChain(ChainerBackend):
    backends = ()


@pytest.fixture(autouse=True)
def no_desktop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("DBUS_SESSION_BUS_ADDRESS", raising=False)
    monkeypatch.delenv("PYTHON_KEYRING_BACKEND", raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg-config"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "xdg-runtime"))
    WorkingKeyring.kept.clear()


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return Places(tmp_path / "home").prepare()


def secrets_with(places: Places, passphrase: str | None = RIGHT, **environ: str) -> KeyringSecrets:
    given = {"OPTOUT_KEYRING_PASSPHRASE": passphrase} if passphrase is not None else {}
    return open_secrets(places, {**given, **environ})


def revealed(secret: Secret | None) -> str | None:
    return None if secret is None else secret.reveal()


def answering(*answers: str) -> tuple[Callable[[str], Secret], list[str]]:
    prompts: list[str] = []
    left = list(answers)

    def ask(prompt: str) -> Secret:
        prompts.append(prompt)
        return Secret(left.pop(0))

    return ask, prompts


def test_the_passphrase_leaves_the_environment_before_anything_starts(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPTOUT_KEYRING_PASSPHRASE", "right")
    secrets = open_secrets(places, os.environ)
    child = [sys.executable, "-c", "import os; print('OPTOUT_KEYRING_PASSPHRASE' in os.environ)"]
    assert subprocess.run(child, capture_output=True, text=True, check=True).stdout == "False\n"
    secrets.store("me", ORIGIN, Secret("pw"), None)
    assert revealed(secrets.password("me", ORIGIN)) == "pw"


def test_keyring_is_not_imported_before_a_secret_is_needed() -> None:
    code = (
        "import sys; from pathlib import Path; from optout.places import Places;"
        "from optout.accounts import AccountBook;"
        "from optout.keyrings import open_secrets; AccountBook(Places(Path('x')), open_secrets(Places(Path('x')), {}));"
        "print([name for name in ('keyring', 'keyrings', 'pydantic', 'selenium', 'pyotp') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_the_encrypted_file_keeps_secrets_over_restarts_and_holds_no_plain_text(places: Places) -> None:
    secrets_with(places).store("me", ORIGIN, Secret("pä ss%(x)s"), Secret("TOTPSECRET"))
    again = secrets_with(places)
    assert revealed(again.password("me", ORIGIN)) == "pä ss%(x)s"
    assert revealed(again.totp("me", ORIGIN)) == "TOTPSECRET"
    content = places.keyring_file.read_bytes()
    assert b"TOTPSECRET" not in content
    assert b"right" not in content
    assert stat.S_IMODE(places.keyring_file.stat().st_mode) == 0o600
    assert again.where() == "the encrypted file"


def test_secrets_are_kept_by_account_and_origin(places: Places) -> None:
    secrets = secrets_with(places)
    secrets.store("me", ORIGIN, Secret("pw"), None)
    assert revealed(secrets.password("me", "HTTPS://www.Example.com:443/")) == "pw"
    for account, origin in (("me", "https://evil.example"), ("me", "http://www.example.com"), ("you", ORIGIN)):
        assert secrets.password(account, origin) is None


def test_storing_without_an_authenticator_secret_forgets_the_earlier_one(places: Places) -> None:
    secrets = secrets_with(places)
    secrets.store("me", ORIGIN, Secret("one"), Secret("TOTP"))
    secrets.store("me", ORIGIN, Secret("two"), None)
    assert revealed(secrets.password("me", ORIGIN)) == "two"
    assert secrets.totp("me", ORIGIN) is None


def test_a_change_replaces_the_whole_file(places: Places) -> None:
    secrets = secrets_with(places)
    secrets.store("me", ORIGIN, Secret("one"), None)
    before = places.keyring_file.read_bytes()
    # Held open, the earlier file keeps its content: a reader in between sees the old or the new one, never a part.
    with places.keyring_file.open("rb") as earlier:
        secrets.store("you", ORIGIN, Secret("two"), None)
        assert earlier.read() == before
    assert places.keyring_file.read_bytes() != before


def test_deleting_needs_no_passphrase(places: Places) -> None:
    secrets_with(places).store("me", ORIGIN, Secret("pw"), Secret("TOTP"))
    secrets_with(places, None).delete("me", ORIGIN)
    assert secrets_with(places).password("me", ORIGIN) is None
    assert secrets_with(places).totp("me", ORIGIN) is None


def test_a_wrong_passphrase_is_one_sentence_and_harms_nothing(places: Places) -> None:
    secrets_with(places).store("me", ORIGIN, Secret("pw"), None)
    before = places.keyring_file.read_bytes()
    wrong = secrets_with(places, "not-the-one")
    with pytest.raises(UsageError, match=r"^The passphrase does not open .+keyring\.cfg") as caught:
        wrong.password("me", ORIGIN)
    assert caught.value.__suppress_context__
    assert "not-the-one" not in str(caught.value)
    with pytest.raises(UsageError, match="does not open"):
        wrong.store("b", ORIGIN, Secret("x"), None)
    assert places.keyring_file.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"nonsense", b"[keyring_2Dsetting]\n", b"\xff\xfe", b"[a]\nb = c\n"])
def test_a_damaged_encrypted_file_is_refused_and_kept(places: Places, content: bytes) -> None:
    places.keyring_file.write_bytes(content)
    if not content:
        # An empty file holds nothing to lose: it is a new one.
        secrets_with(places).store("me", ORIGIN, Secret("pw"), None)
        return
    with pytest.raises(UsageError, match=r"damaged"):
        secrets_with(places).password("me", ORIGIN)
    with pytest.raises(UsageError, match=r"damaged"):
        secrets_with(places).store("me", ORIGIN, Secret("pw"), None)
    assert places.keyring_file.read_bytes() == content


def test_without_terminal_and_variable_the_refusal_names_the_variable(places: Places) -> None:
    with pytest.raises(UsageError) as caught:
        secrets_with(places, None).store("me", ORIGIN, Secret("pw"), None)
    assert str(caught.value) == (
        "There is no system keyring here: an encrypted file stands in. No terminal is there to ask for the "
        f"passphrase of {places.keyring_file}. Set the variable OPTOUT_KEYRING_PASSPHRASE for this command"
    )
    assert not places.keyring_file.exists()


def test_where_nothing_was_ever_kept_reading_says_that_no_keyring_is_reachable(places: Places) -> None:
    with pytest.raises(UsageError, match=r"^No keyring can be reached here \(.+\), and there is no encrypted file"):
        secrets_with(places).password("me", ORIGIN)


def test_a_new_passphrase_is_asked_for_twice_and_an_old_one_once(places: Places) -> None:
    ask, prompts = answering("right", "right")
    secrets = open_secrets(places, {}, ask)
    secrets.store("me", ORIGIN, Secret("pw"), Secret("TOTP"))
    assert len(prompts) == 2
    ask, prompts = answering("right")
    secrets = open_secrets(places, {}, ask)
    assert (revealed(secrets.password("me", ORIGIN)), revealed(secrets.totp("me", ORIGIN))) == ("pw", "TOTP")
    assert len(prompts) == 1


@pytest.mark.parametrize(("answers", "said"), [(("a", "b"), "differ"), (("  ",), "is empty")])
def test_a_new_passphrase_that_cannot_be_meant_stores_nothing(
    places: Places, answers: tuple[str, ...], said: str
) -> None:
    ask, _ = answering(*answers)
    with pytest.raises(UsageError, match=said):
        open_secrets(places, {}, ask).store("me", ORIGIN, Secret("pw"), None)
    assert not places.keyring_file.exists()


def test_threads_share_one_unlocking(places: Places) -> None:
    secrets_with(places).store("me", ORIGIN, Secret("pw"), None)
    ask, prompts = answering("right")
    secrets = open_secrets(places, {}, ask)
    found: list[str | None] = []
    threads = [
        threading.Thread(target=lambda: found.append(revealed(secrets.password("me", ORIGIN)))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["pw"] * 4
    assert len(prompts) == 1


def test_a_failed_replacement_keeps_the_old_file(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets_with(places).store("me", ORIGIN, Secret("pw"), None)

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(UsageError, match=r"keyring\.cfg cannot be written \(No space left on device\)"):
        secrets_with(places).store("me", ORIGIN, Secret("new"), None)
    monkeypatch.undo()
    assert revealed(secrets_with(places).password("me", ORIGIN)) == "pw"
    assert not [entry for entry in places.home.iterdir() if entry.name.startswith(".keyring")]


@pytest.mark.parametrize(
    "name",
    [
        "keyrings.alt.file.PlaintextKeyring",
        "keyrings.cryptfile.file.PlaintextKeyring",
        f"{HERE}.MyPlaintextKeyring",
        f"{HERE}.SubclassOfPlain",
    ],
)
def test_a_keyring_that_stores_plain_text_is_refused_with_the_reason(places: Places, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        secrets_with(places, PYTHON_KEYRING_BACKEND=name).store("me", ORIGIN, Secret("pw"), None)
    assert str(caught.value) == (
        f"The configured keyring {name} stores passwords as plain text, so it is not used. "
        "Use the system keyring, or the encrypted file: unset PYTHON_KEYRING_BACKEND (and look into keyringrc.cfg)"
    )
    assert not places.keyring_file.exists()
    assert not WorkingKeyring.kept


def test_a_chain_of_keyrings_is_looked_into() -> None:
    chosen = find_system_keyring({"PYTHON_KEYRING_BACKEND": f"{HERE}.GoodChain"})
    assert isinstance(chosen, SystemKeyring)
    assert type(chosen.backend) is WorkingKeyring, "its first member alone, not the chain with its other members"
    assert isinstance(find_system_keyring({"PYTHON_KEYRING_BACKEND": f"{HERE}.EmptyChain"}), NoSystemKeyring)
    with pytest.raises(UsageError, match="MyPlaintextKeyring stores passwords as plain text"):
        find_system_keyring({"PYTHON_KEYRING_BACKEND": f"{HERE}.PlainChain"})


@pytest.mark.parametrize(
    "name", [NULL, "keyring.backends.fail.Keyring", "keyrings.cryptfile.cryptfile.CryptFileKeyring"]
)
def test_keyrings_that_keep_nothing_give_way_to_the_encrypted_file(places: Places, name: str) -> None:
    secrets = secrets_with(places, PYTHON_KEYRING_BACKEND=name)
    secrets.store("me", ORIGIN, Secret("pw"), None)
    assert places.keyring_file.exists()
    assert revealed(secrets.password("me", ORIGIN)) == "pw"
    reason = find_system_keyring({"PYTHON_KEYRING_BACKEND": name})
    assert isinstance(reason, NoSystemKeyring)
    assert name in reason.reason


@pytest.mark.parametrize(
    "name", ["nonsense", "no.such.Keyring", "keyring.backends.null.Nothing", f"{HERE}.BrokenKeyring"]
)
def test_a_configured_keyring_that_cannot_be_loaded_is_one_sentence(places: Places, name: str) -> None:
    with pytest.raises(UsageError, match=r"^The keyring configured in PYTHON_KEYRING_BACKEND cannot be used: .+unset"):
        secrets_with(places, PYTHON_KEYRING_BACKEND=name).password("me", ORIGIN)


def test_the_keyring_configuration_file_counts_too(places: Places, tmp_path: Path) -> None:
    folder = tmp_path / "xdg-config" / "python_keyring"
    folder.mkdir(parents=True)
    (folder / "keyringrc.cfg").write_text(f"[backend]\ndefault-keyring={HERE}.MyPlaintextKeyring\n")
    with pytest.raises(UsageError, match="stores passwords as plain text"):
        secrets_with(places).store("me", ORIGIN, Secret("pw"), None)


def test_a_third_partys_keyring_is_used_when_it_is_configured(places: Places) -> None:
    backend = f"{HERE}.WorkingKeyring"
    secrets = secrets_with(places, PYTHON_KEYRING_BACKEND=backend)
    secrets.store("me", ORIGIN, Secret("pw"), Secret("TOTP"))
    assert WorkingKeyring.kept == {
        (f"optout:{ORIGIN}", "me"): "pw",
        (f"optout:{ORIGIN}", "me/totp"): "TOTP",
    }
    assert revealed(secrets.totp("me", ORIGIN)) == "TOTP"
    secrets.delete("me", ORIGIN)
    assert not WorkingKeyring.kept
    assert not places.keyring_file.exists()


def test_what_is_in_the_file_is_found_beside_a_system_keyring(places: Places) -> None:
    secrets_with(places).store("me", ORIGIN, Secret("from-file"), None)
    desktop = secrets_with(places, PYTHON_KEYRING_BACKEND=f"{HERE}.WorkingKeyring")
    assert revealed(desktop.password("me", ORIGIN)) == "from-file"
    desktop.store("me", ORIGIN, Secret("new"), None)
    assert secrets_with(places).password("me", ORIGIN) is None, "no stale copy stays behind"


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("LockedKeyring", "is locked. Unlock it"),
        ("DenyingKeyring", "refuses (Can't get password from keychain: (-128, 'Unknown Error')). Unlock it"),
    ],
)
def test_a_keyring_that_denies_is_one_sentence(places: Places, kind: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        secrets_with(places, PYTHON_KEYRING_BACKEND=f"{HERE}.{kind}").password("me", ORIGIN)
    assert said in str(caught.value)


def test_an_unlock_dialog_that_nobody_answers_does_not_hang_the_program(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("optout.keyrings.UNATTENDED_SECONDS", 0.2)
    with pytest.raises(UsageError, match="did not answer within 0 s: it probably waits to be unlocked"):
        secrets_with(places, PYTHON_KEYRING_BACKEND=f"{HERE}.SilentKeyring").password("me", ORIGIN)
