from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from optout.errors import UsageError
from optout.places import Places, open_private, private_folder, write_private


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


def test_optout_home_puts_everything_in_one_folder(tmp_path: Path) -> None:
    places = Places.from_environment({"OPTOUT_HOME": str(tmp_path / "one")})
    kept = (
        places.accounts_file,
        places.keyring_file,
        places.overlay_file,
        places.history_file,
        places.profiles,
        places.reports,
        places.locks,
        places.notices,
    )
    assert {path.parent for path in kept} == {tmp_path / "one"}
    assert len(set(kept)) == len(kept)
    assert not (tmp_path / "one").exists(), "looking up a place creates nothing"


def test_without_optout_home_the_platform_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATA", "CONFIG", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    places = Places.from_environment({})
    assert places.accounts_file == tmp_path / "data" / "optout" / "accounts.json"
    assert places.overlay_file == tmp_path / "config" / "optout" / "selectors.yaml"
    assert places.history_file == tmp_path / "state" / "optout" / "history.sqlite"


def test_folders_are_private_from_the_start_whatever_the_umask(tmp_path: Path, open_umask: None) -> None:
    Places(tmp_path / "a" / "b").prepare()
    assert mode_of(tmp_path / "a") == 0o700
    assert mode_of(tmp_path / "a" / "b") == 0o700


def test_a_looser_folder_of_ours_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o755)
    home.chmod(0o755)
    (home / "accounts.json").touch()
    private_folder(home)
    assert mode_of(home) == 0o700


def test_a_folder_that_others_use_is_not_closed(tmp_path: Path) -> None:
    home = tmp_path / "shared"
    home.mkdir()
    home.chmod(0o755)
    (home / "somebody-elses").touch()
    with pytest.raises(UsageError, match="is open to other users and holds other things") as caught:
        private_folder(home)
    assert "export OPTOUT_HOME=" in str(caught.value)
    assert mode_of(home) == 0o755


def test_a_file_in_the_folders_place_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "home").touch()
    with pytest.raises(UsageError) as caught:
        Places(tmp_path / "home").prepare()
    assert str(caught.value) == (
        f"{tmp_path / 'home'} is a file where a folder is needed. "
        "Name a folder that you can write: export OPTOUT_HOME=~/.optout"
    )


def test_a_file_above_the_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="one of its parents is a file"):
        Places(tmp_path / "file" / "home").prepare()


def test_a_place_that_cannot_be_written_is_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"^/proc/optout-test cannot be used \(.+\)\. Name a folder"):
        Places(Path("/proc/optout-test")).prepare()


def test_files_are_private_from_the_start_whatever_the_umask(
    tmp_path: Path, open_umask: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Closing it afterwards would leave a moment in which anybody could open it.
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    with open_private(tmp_path / "new", "w") as handle:
        assert mode_of(tmp_path / "new") == 0o600
        handle.write("x")
    write_private(tmp_path / "written", "y")
    assert mode_of(tmp_path / "written") == 0o600


def test_a_looser_file_is_closed_when_it_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "loose"
    path.write_text("x")
    path.chmod(0o644)
    open_private(path).close()
    assert mode_of(path) == 0o600


def test_writing_replaces_the_whole_file_and_leaves_no_draft(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_private(path, "old and longer")
    first = path.stat().st_ino
    write_private(path, "new")
    assert path.read_text() == "new"
    assert path.stat().st_ino != first, "replaced, not rewritten in place"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_failed_write_keeps_the_old_content(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.mkdir()
    with pytest.raises(UsageError, match="cannot be written"):
        write_private(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    ("account", "origin", "name"),
    [
        ("me", "https://www.example.com", "me@www.example.com"),
        ("me", "https://www.example.com:443/", "me@www.example.com"),
        ("me", "http://127.0.0.1:8080", "me@127.0.0.1_8080"),
        ("me", "http://[::1]:8080", "me@%3A%3A1_8080"),
        ("a_b", "https://EXAMPLE.com", "a_b@example.com"),
    ],
)
def test_a_profile_is_named_after_account_and_origin(account: str, origin: str, name: str) -> None:
    assert Places(Path("/home")).profile(account, origin) == Path("/home/profiles") / name


def test_an_accounts_profiles_are_its_own(tmp_path: Path) -> None:
    places = Places(tmp_path)
    mine = places.profile("me", "https://a.example"), places.profile("me", "http://127.0.0.1:9")
    other = places.profile("me@work", "https://a.example"), places.profile("meg", "https://a.example")
    for folder in (*mine, *other):
        folder.mkdir(parents=True)
    assert set(places.profiles_of("me")) == set(mine)
    assert places.profiles_of("me@work") == (other[0],)
