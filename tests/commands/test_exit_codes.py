"""Each exit code, met by the program itself."""

from __future__ import annotations

import pytest

from tests.machine import Machine

pytestmark = pytest.mark.browser


@pytest.mark.parametrize(
    ("scenario", "only", "code", "status"),
    [
        ("plain", "ads-age", 0, "done"),
        ("all-off", "ads-age", 0, "done"),
        ("region-absent", "affiliate-sharing", 0, "done"),
        ("save-refused-silently", "ads-age", 1, "done"),
        ("two-equal-candidates", "ads-age", 1, "done"),
        ("slow-down-999", "ads-groups", 1, "failed"),
        ("captcha", "ads-age", 3, "needs-human"),
        ("wrong-password", "ads-age", 3, "needs-human"),
        ("sign-in-redirects-elsewhere", "ads-age", 1, "failed"),
    ],
)
def test_the_exit_code_says_how_it_ended(machine: Machine, scenario: str, only: str, code: int, status: str) -> None:
    machine.site.use(scenario)
    ended = machine.run(*machine.work(only))
    assert (ended.code, ended.document["exit_code"], ended.account["status"]) == (code, code, status)
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "nobody"),
        ("run", "me", "--only", "no-such-setting"),
        ("run", "me", "--no-such-option"),
        ("run", "me", "--jobs", "0"),
        ("run", "me", "--pace", "-1"),
        ("run", "me", "--browser", "netscape"),
        ("no-such-command",),
        ("undo", "me"),
        ("run", "me", "--selectors", "no-such-file.yaml"),
        ("run", "me", "--report", "/dev/null/reports"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_2_and_touches_nothing(machine: Machine, arguments: tuple[str, ...]) -> None:
    origin = ("--origin", machine.site.origin) if arguments[0] in ("run", "undo") else ()
    ended = machine.run(*arguments, *origin)
    assert (ended.code, ended.stdout) == (2, "")
    assert ended.stderr.strip()
    assert "Traceback" not in ended.stderr
    assert machine.site.requests == ()


def test_a_wrong_passphrase_is_2_and_touches_nothing(machine: Machine) -> None:
    for wrong in ("another", ""):
        ended = machine.run(*machine.work("ads-age"), environ={**machine.environ, "OPTOUT_KEYRING_PASSPHRASE": wrong})
        assert (ended.code, ended.stdout) == (2, ""), wrong
        assert "passphrase" in ended.stderr
        assert machine.site.requests == ()
