from __future__ import annotations

import json
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from optout.accounts import (
    Account,
    AccountBook,
    Credentials,
    Grant,
    Withheld,
    check_name,
    new_account,
)
from optout.errors import UsageError
from optout.places import Places
from optout.secret import MemorySecrets, Secret

ORIGIN = "https://www.example.com"
TOTP = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"


@pytest.fixture
def secrets() -> MemorySecrets:
    return MemorySecrets()


@pytest.fixture
def book(tmp_path: Path, secrets: MemorySecrets) -> AccountBook:
    return AccountBook(Places(tmp_path / "home"), secrets)


def add(
    book: AccountBook, name: str, origin: str = ORIGIN, password: str = "pw-" + "x", replacing: bool = False
) -> Account:
    account = new_account(name, "site", f"{name}@example.com", origin)
    return book.add(account, Secret(password), is_replacing=replacing)


class Unreachable(MemorySecrets):
    def delete(self, account: str, origin: str) -> None:  # noqa: ARG002
        raise UsageError("The keyring is locked.")


def test_what_was_added_is_there_afterwards_without_its_secrets(tmp_path: Path, book: AccountBook) -> None:
    kept = book.add(new_account("me", "site", "me@example.com", ORIGIN), Secret("marked-pw"), Secret(TOTP))
    assert kept.has_totp
    again = AccountBook(Places(tmp_path / "home"), MemorySecrets())
    assert again.list() == (kept,)
    path = tmp_path / "home" / "accounts.json"
    assert "marked-pw" not in path.read_text()
    assert TOTP not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text())["format"] == 1


def test_an_empty_book_is_no_error(book: AccountBook) -> None:
    assert book.list() == ()


def test_a_taken_name_is_refused_and_nothing_changes(book: AccountBook, secrets: MemorySecrets) -> None:
    add(book, "me", password="first")
    for name in ("me", "ME"):
        with pytest.raises(UsageError, match=r"^There is already an account me \(me@example.com\)"):
            add(book, name, password="second")
    assert [account.name for account in book.list()] == ["me"]
    found = secrets.password("me", ORIGIN)
    assert found is not None
    assert found.reveal() == "first"


def test_replacing_forgets_the_secrets_of_the_earlier_origin(book: AccountBook, secrets: MemorySecrets) -> None:
    add(book, "me", password="first")
    add(book, "me", origin="https://other.example", password="second", replacing=True)
    assert [account.origin for account in book.list()] == ["https://other.example"]
    assert secrets.password("me", ORIGIN) is None


def test_replacing_does_not_take_a_name_of_another_case(book: AccountBook) -> None:
    add(book, "me")
    with pytest.raises(UsageError, match="already an account me"):
        add(book, "Me", replacing=True)


def test_an_empty_password_is_refused(book: AccountBook) -> None:
    with pytest.raises(UsageError, match="The password is empty: nothing was stored"):
        add(book, "me", password="")
    assert book.list() == ()


@pytest.mark.parametrize("name", ["me", "Me.2", "a_b-c", "me@work", "9", "x" * 64])
def test_plain_names_are_allowed(name: str) -> None:
    assert check_name(name) == name


@pytest.mark.parametrize("name", ["", ".", "..", "-x", "--all", "a/b", "a b", "é", "a\n", "x" * 65, "a\\b", "me/totp"])
def test_names_that_are_no_plain_word_are_refused(book: AccountBook, name: str) -> None:
    with pytest.raises(UsageError, match="cannot be an account's name"):
        add(book, name)
    assert book.list() == ()


def test_the_only_account_needs_no_name(book: AccountBook) -> None:
    only = add(book, "me")
    assert book.pick((), all_=False) == (only,)


def test_several_accounts_need_a_name_and_the_refusal_lists_them(book: AccountBook) -> None:
    add(book, "me")
    add(book, "Work")
    with pytest.raises(UsageError) as caught:
        book.pick((), all_=False)
    assert str(caught.value) == "Which account? Name one or more, or use --all. There are: me, Work"
    assert [account.name for account in book.pick((), all_=True)] == ["me", "Work"]
    assert [account.name for account in book.pick(("Work", "me", "Work"), all_=False)] == ["Work", "me"]


def test_no_account_at_all_says_how_to_add_one(book: AccountBook) -> None:
    for all_ in (False, True):
        with pytest.raises(UsageError) as caught:
            book.pick((), all_=all_)
        assert str(caught.value) == (
            "No account is set up yet. Add one: optout accounts add NAME (or try optout run --practice)"
        )


def test_names_and_all_together_are_refused(book: AccountBook) -> None:
    with pytest.raises(UsageError, match="not both"):
        book.pick(("me",), all_=True)


def test_an_unknown_name_names_the_nearest_and_the_list(book: AccountBook) -> None:
    add(book, "personal")
    add(book, "work")
    with pytest.raises(UsageError) as caught:
        book.get("Personel")
    assert str(caught.value) == ("There is no account 'Personel'. Did you mean personal? There are: personal, work")


def test_removing_takes_the_entry_and_the_secrets(book: AccountBook, secrets: MemorySecrets) -> None:
    add(book, "me")
    kept = add(book, "work")
    account, trouble = book.remove("me")
    assert (account.name, trouble) == ("me", None)
    assert book.list() == (kept,)
    assert secrets.password("me", ORIGIN) is None
    assert secrets.password("work", ORIGIN) is not None


def test_removing_works_when_the_keyring_does_not_and_says_so(tmp_path: Path) -> None:
    book = AccountBook(Places(tmp_path / "home"), Unreachable())
    add(book, "me")
    assert book.remove("me")[1] == "The keyring is locked."
    assert book.list() == ()


def test_accounts_added_at_the_same_time_are_all_kept(tmp_path: Path, secrets: MemorySecrets) -> None:
    names = [f"a{number}" for number in range(12)]
    start = threading.Barrier(len(names))

    def work(name: str) -> None:
        start.wait()
        add(AccountBook(Places(tmp_path / "home"), secrets), name)

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {account.name for account in AccountBook(Places(tmp_path / "home"), secrets).list()} == set(names)


GOOD_ROW = {
    "name": "me",
    "service": "site",
    "username": "me@example.com",
    "origin": ORIGIN,
    "has_totp": False,
    "added": "2026-11-23T12:00:00Z",
}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("", "is damaged: Expecting value"),
        ("{", "is damaged:"),
        ("[]", "expected an object at its top"),
        ('{"format": 1}', "expected format 1 and a list"),
        ('{"format": true, "accounts": []}', "expected format 1 and a list"),
        ('{"format": 2, "accounts": []}', "is from a newer version. Update: pipx upgrade optout"),
        ('{"format": 1, "accounts": [1]}', "account 1: expected the keys"),
        (json.dumps({"format": 1, "accounts": [GOOD_ROW, GOOD_ROW]}), "account 2: the name me stands there twice"),
        (json.dumps({"format": 1, "accounts": [{**GOOD_ROW, "extra": 1}]}), "account 1: expected the keys"),
        (json.dumps({"format": 1, "accounts": [{**GOOD_ROW, "name": "../me"}]}), "account 1: name"),
        (json.dumps({"format": 1, "accounts": [{**GOOD_ROW, "origin": "x"}]}), "account 1: no origin"),
        (json.dumps({"format": 1, "accounts": [{**GOOD_ROW, "added": "soon"}]}), "account 1: added: expected a time"),
        (json.dumps({"format": 1, "accounts": [{**GOOD_ROW, "has_totp": 1}]}), "account 1: has_totp"),
    ],
)
def test_a_broken_accounts_file_is_refused_with_file_and_remedy(
    tmp_path: Path, book: AccountBook, content: str, complaint: str
) -> None:
    path = Places(tmp_path / "home").prepare().accounts_file
    path.write_text(content)
    with pytest.raises(UsageError) as caught:
        book.list()
    assert complaint in str(caught.value)
    assert str(path) in str(caught.value)
    assert path.read_text() == content, "nothing is repaired behind the person's back"


def test_a_broken_file_is_not_overwritten_by_adding(tmp_path: Path, book: AccountBook) -> None:
    path = Places(tmp_path / "home").prepare().accounts_file
    path.write_text("{")
    with pytest.raises(UsageError, match="is damaged"):
        add(book, "me")
    assert path.read_text() == "{"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)
ROWS = st.fixed_dictionaries({key: st.just(value) | JSON for key, value in GOOD_ROW.items()})
FILES = (
    st.binary(max_size=200)
    | JSON.map(lambda value: json.dumps(value).encode())
    | st.fixed_dictionaries({"format": st.just(1) | JSON, "accounts": st.lists(ROWS | JSON, max_size=3) | JSON}).map(
        lambda value: json.dumps(value).encode()
    )
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=FILES)
def test_any_accounts_file_is_read_or_refused(tmp_path: Path, content: bytes) -> None:
    places = Places(tmp_path / "home").prepare()
    places.accounts_file.write_bytes(content)
    try:
        accounts = AccountBook(places, MemorySecrets()).list()
    except UsageError as error:
        accounts, refusal = (), str(error)
    else:
        refusal = str(places.accounts_file)
    assert str(places.accounts_file) in refusal
    for account in accounts:
        check_name(account.name)
        json.dumps(account.as_json())


def credentials(secrets: MemorySecrets, book: AccountBook) -> tuple[Account, Credentials]:
    return add(book, "me"), Credentials(secrets)


def test_credentials_go_to_the_origin_that_they_were_stored_for(book: AccountBook, secrets: MemorySecrets) -> None:
    account, desk = credentials(secrets, book)
    granted = desk.for_origin(account, "https://WWW.example.com:443", ORIGIN + "/")
    assert isinstance(granted, Grant)
    assert (granted.username, granted.password.reveal()) == ("me@example.com", "pw-x")
    assert granted.totp() is None


def test_credentials_go_to_a_loopback_copy_of_the_service(book: AccountBook, secrets: MemorySecrets) -> None:
    account, desk = credentials(secrets, book)
    assert isinstance(desk.for_origin(account, ORIGIN, "http://127.0.0.1:8080"), Grant)


@pytest.mark.parametrize(
    ("service", "effective"),
    [
        ("https://evil.example", "https://evil.example"),
        ("https://evil.example", ORIGIN),
        ("https://evil.example", "http://127.0.0.1:8080"),
        ("http://www.example.com", "http://www.example.com"),
        ("https://www.example.com:8443", "https://www.example.com:8443"),
        (ORIGIN, "https://evil.example"),
        (ORIGIN, "http://www.example.com"),
        (ORIGIN, "http://127.0.0.1.evil.example"),
    ],
)
def test_any_other_origin_gets_no_credentials(
    book: AccountBook, secrets: MemorySecrets, service: str, effective: str
) -> None:
    account, desk = credentials(secrets, book)
    withheld = desk.for_origin(account, service, effective)
    assert isinstance(withheld, Withheld)
    assert "its password stays where it is" in withheld.reason
    assert "pw-x" not in withheld.reason


def test_an_account_of_a_loopback_address_is_for_that_address_only(secrets: MemorySecrets, book: AccountBook) -> None:
    account = add(book, "practice", origin="http://127.0.0.1:8080")
    desk = Credentials(secrets)
    assert isinstance(desk.for_origin(account, ORIGIN, "http://127.0.0.1:8080"), Grant)
    for effective in (ORIGIN, "http://127.0.0.1:8081", "http://localhost:8080"):
        assert isinstance(desk.for_origin(account, ORIGIN, effective), Withheld)


def test_a_missing_password_is_a_reason_with_the_next_command(book: AccountBook, secrets: MemorySecrets) -> None:
    account, desk = credentials(secrets, book)
    secrets.delete("me", ORIGIN)
    withheld = desk.for_origin(account, ORIGIN, ORIGIN)
    assert isinstance(withheld, Withheld)
    assert "optout login me" in withheld.reason


def test_the_authenticator_secret_comes_with_the_leave(book: AccountBook, secrets: MemorySecrets) -> None:
    account = book.add(
        new_account("me", "site", "me@example.com", ORIGIN),
        Secret("pw"),
        Secret("gezd gnbv gy3t qojq gezd gnbv gy3t qojq"),
    )
    granted = Credentials(secrets).for_origin(account, ORIGIN, ORIGIN)
    assert isinstance(granted, Grant)
    totp = granted.totp()
    assert totp is not None
    assert totp.reveal() == TOTP
