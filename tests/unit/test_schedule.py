from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from optout.errors import UsageError
from optout.schedule import install, installed, remove, usual_scheduler
from optout.schedule_units import Every, Machine, Plan, Via, plan

TASK = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
AWKWARD_HOME = '/srv/a b%c$d"e\\f'
FAKE_CRONTAB = """#!/bin/sh
# A crontab as cron's own: -l prints it, - or a file replaces it.
if [ "$1" = "-l" ]; then
  [ -f "{table}" ] || {{ echo "no crontab for you" >&2; exit 1; }}
  cat "{table}"
else
  cat "${{1:--}}" > "{table}"
fi
"""


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def machine(tmp_path: Path, programs: Path) -> Machine:
    environ = {"PATH": f"{programs}:/usr/bin:/bin", "OPTOUT_HOME": str(tmp_path / "kept"), "SECRET_TOKEN": "marked"}
    return Machine("linux", tmp_path / "person", environ, (sys.executable, "-m", "optout"), 1000)


@pytest.fixture
def recorded(programs: Path, tmp_path: Path) -> Callable[[str, int], Callable[[], list[str]]]:
    """Puts a program in place that records its calls; gives a function that reads them."""

    def put(name: str, exit_code: int = 0) -> Callable[[], list[str]]:
        log = tmp_path / f"{name}.log"
        script = f"#!/bin/sh\necho \"$*\" >> '{log}'\necho 'it says no' >&2\nexit {exit_code}\n"
        (programs / name).write_text(script)
        (programs / name).chmod(0o755)
        return lambda: log.read_text().splitlines() if log.exists() else []

    return put


@pytest.fixture
def crontab(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    table = tmp_path / "table"
    (programs / "crontab").write_text(FAKE_CRONTAB.format(table=table))
    (programs / "crontab").chmod(0o755)
    monkeypatch.setattr("crontab.CRON_COMMAND", str(programs / "crontab"))
    return table


def texts(chosen: Plan) -> dict[str, str]:
    return {file.path.name: file.text for file in chosen.files}


@pytest.mark.parametrize("via", list(Via))
@pytest.mark.parametrize("every", list(Every))
def test_every_scheduler_runs_the_quiet_check_and_carries_no_secret(via: Via, every: Every, machine: Machine) -> None:
    shown = str(plan(every, via, machine))
    for word in ("optout", "check", "--all", "--quiet", "--notify", machine.environ["OPTOUT_HOME"]):
        assert word in shown
    assert "marked" not in shown
    assert not machine.home.exists(), "planning touches nothing"


def test_the_systemd_units_are_valid(machine: Machine, tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.fail("systemd-analyze is needed for this test: sudo apt-get install systemd")
    awkward = replace(machine, environ={**machine.environ, "OPTOUT_HOME": AWKWARD_HOME})
    for every in Every:
        folder = tmp_path / every
        folder.mkdir()
        for name, text in texts(plan(every, Via.SYSTEMD, awkward)).items():
            (folder / name).write_text(text)
        for name in ("optout-check.service", "optout-check.timer"):
            done = subprocess.run(
                ["systemd-analyze", "verify", "--user", str(folder / name)],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "XDG_RUNTIME_DIR": str(folder)},
            )
            assert (done.returncode, done.stderr) == (0, "")


def test_the_systemd_timer_catches_up_and_is_spread(machine: Machine) -> None:
    weekly = texts(plan(Every.WEEKLY, Via.SYSTEMD, machine))["optout-check.timer"]
    monthly = texts(plan(Every.MONTHLY, Via.SYSTEMD, machine))["optout-check.timer"]
    assert "OnCalendar=Mon *-*-* 10:00:00\n" in weekly
    assert "OnCalendar=*-*-01 10:00:00\n" in monthly
    for line in ("Persistent=true", "RandomizedDelaySec=4h", "WantedBy=timers.target"):
        assert line in weekly


def test_systemd_gets_an_awkward_folder_unchanged(machine: Machine) -> None:
    awkward = replace(machine, environ={"OPTOUT_HOME": AWKWARD_HOME}, program=("/opt/a $b%/optout",))
    service = texts(plan(Every.WEEKLY, Via.SYSTEMD, awkward))["optout-check.service"]
    assert 'Environment="OPTOUT_HOME=/srv/a b%%c$d\\"e\\\\f"\n' in service
    assert 'ExecStart="/opt/a $$b%%/optout" check --all --quiet --notify\n' in service


@pytest.mark.parametrize(
    ("every", "when"), [(Every.WEEKLY, {"Weekday": 1, "Hour": 10}), (Every.MONTHLY, {"Day": 1, "Hour": 10})]
)
def test_the_launchd_agent_is_a_property_list(machine: Machine, every: Every, when: dict[str, int]) -> None:
    awkward = replace(machine, platform="darwin", environ={"OPTOUT_HOME": "/srv/<a>&b", "PATH": "/opt/homebrew/bin"})
    (file,) = plan(every, Via.LAUNCHD, awkward).files
    agent = plistlib.loads(file.text.encode())
    assert agent["ProgramArguments"] == [*machine.program, "check", "--all", "--quiet", "--notify"]
    assert agent["EnvironmentVariables"] == {"OPTOUT_HOME": "/srv/<a>&b", "PATH": "/opt/homebrew/bin"}
    assert {key: agent["StartCalendarInterval"][key] for key in when} == when
    assert file.path == machine.home / "Library" / "LaunchAgents" / "optout.check.plist"


def test_the_windows_task_is_well_formed_and_catches_up(machine: Machine) -> None:
    windows = replace(
        machine, platform="win32", environ={"OPTOUT_HOME": "/me & you"}, program=("C:\\py thon.exe", "-m")
    )
    for every, kind in ((Every.WEEKLY, "ScheduleByWeek"), (Every.MONTHLY, "ScheduleByMonth")):
        (file,) = plan(every, Via.TASK_SCHEDULER, windows).files
        task = ET.fromstring(file.text.encode())  # noqa: S314 -- our own text
        assert task.find(f"t:Triggers/t:CalendarTrigger/t:{kind}", TASK) is not None
        assert task.findtext("t:Settings/t:StartWhenAvailable", namespaces=TASK) == "true"
        assert task.findtext("t:Principals/t:Principal/t:RunLevel", namespaces=TASK) == "LeastPrivilege"
        assert task.findtext("t:Actions/t:Exec/t:Command", namespaces=TASK) == "cmd.exe"
        assert task.findtext("t:Actions/t:Exec/t:Arguments", namespaces=TASK) == (
            '/d /c "set "OPTOUT_HOME=/me & you" & "C:\\py thon.exe" -m check --all --quiet --notify"'
        )


def test_the_windows_task_needs_no_shell_where_nothing_is_carried(machine: Machine) -> None:
    windows = replace(machine, platform="win32", environ={}, program=("C:\\optout.exe",))
    (file,) = plan(Every.WEEKLY, Via.TASK_SCHEDULER, windows).files
    task = ET.fromstring(file.text.encode())  # noqa: S314 -- our own text
    assert task.findtext("t:Actions/t:Exec/t:Command", namespaces=TASK) == "C:\\optout.exe"
    assert task.findtext("t:Actions/t:Exec/t:Arguments", namespaces=TASK) == "check --all --quiet --notify"


def test_what_no_scheduler_can_carry_is_one_sentence(machine: Machine) -> None:
    broken = replace(machine, environ={"OPTOUT_HOME": "/a\nb"})
    for via in Via:
        with pytest.raises(UsageError, match="OPTOUT_HOME holds characters that no scheduler can carry"):
            plan(Every.WEEKLY, via, broken)
    with pytest.raises(UsageError, match="which the Task Scheduler cannot carry"):
        plan(Every.WEEKLY, Via.TASK_SCHEDULER, replace(machine, environ={"OPTOUT_HOME": "/a%b"}))


def test_the_cron_line_gives_the_shell_what_was_meant(machine: Machine) -> None:
    awkward = replace(machine, environ={"OPTOUT_HOME": AWKWARD_HOME})
    line = plan(Every.MONTHLY, Via.CRON, awkward).cron_line
    minute, hour, day, month, weekday, command = line.split(maxsplit=5)
    assert (minute, hour, day, month, weekday) == (str(awkward.minute), "10", "1", "*", "*")
    # cron turns \% into % before the shell sees it
    words = shlex.split(command.replace("\\%", "%"), comments=True)
    assert words[:2] == ["env", f"OPTOUT_HOME={AWKWARD_HOME}"]
    assert words[2:-2] == [*machine.program, "check", "--all", "--quiet", "--notify"]


def test_cron_reaches_the_desktop_through_its_bus(machine: Machine) -> None:
    bus = "unix:path=/run/user/1000/bus"
    with_bus = replace(machine, environ={**machine.environ, "DBUS_SESSION_BUS_ADDRESS": bus})
    assert f"DBUS_SESSION_BUS_ADDRESS={bus} " in plan(Every.WEEKLY, Via.CRON, with_bus).cron_line
    passing = replace(machine, environ={"DBUS_SESSION_BUS_ADDRESS": "unix:path=/tmp/dbus-xyz,guid=1"})
    assert "DBUS_SESSION" not in plan(Every.WEEKLY, Via.CRON, passing).cron_line


def test_cron_is_installed_replaced_and_removed_beside_other_lines(machine: Machine, crontab: Path) -> None:
    others = "# mine\nMAILTO=me\n5 4 * * * /usr/bin/backup --now # nightly\n"
    crontab.write_text(others)
    weekly = plan(Every.WEEKLY, Via.CRON, machine)
    monthly = plan(Every.MONTHLY, Via.CRON, machine)
    assert installed(machine) == ()
    install(weekly, machine)
    assert weekly.cron_line in crontab.read_text().splitlines()
    install(monthly, machine)
    assert [line for line in crontab.read_text().splitlines() if "optout" in line] == [monthly.cron_line]
    assert installed(machine) == (Via.CRON,)
    assert remove(machine) == (Via.CRON,)
    assert [line for line in crontab.read_text().splitlines() if line] == others.splitlines()
    assert remove(machine) == ()


def test_cron_starts_with_an_empty_table(machine: Machine, crontab: Path) -> None:
    chosen = plan(Every.WEEKLY, Via.CRON, machine)
    install(chosen, machine)
    assert crontab.read_text().splitlines()[-1] == chosen.cron_line


def test_an_awkward_folder_survives_the_crontab(machine: Machine, crontab: Path) -> None:
    awkward = replace(machine, environ={**machine.environ, "OPTOUT_HOME": AWKWARD_HOME})
    chosen = plan(Every.WEEKLY, Via.CRON, awkward)
    install(chosen, machine)
    assert chosen.cron_line in crontab.read_text().splitlines()


def test_systemd_is_told_to_start_the_timer_and_to_stop_it(
    machine: Machine, recorded: Callable[[str], Callable[[], list[str]]]
) -> None:
    calls = recorded("systemctl")
    assert usual_scheduler(machine) is Via.SYSTEMD
    chosen = plan(Every.WEEKLY, Via.SYSTEMD, machine)
    install(chosen, machine)
    assert [file.path.read_text() for file in chosen.files] == [file.text for file in chosen.files]
    assert installed(machine) == (Via.SYSTEMD,)
    assert remove(machine) == (Via.SYSTEMD,)
    assert calls() == [
        "--user show-environment",
        "--user daemon-reload",
        "--user enable --now optout-check.timer",
        "--user disable --now optout-check.timer",
        "--user daemon-reload",
    ]
    assert not any(file.path.exists() for file in chosen.files)


def test_a_scheduler_that_refuses_leaves_nothing_behind(
    machine: Machine, recorded: Callable[[str, int], Callable[[], list[str]]]
) -> None:
    recorded("systemctl", 1)
    chosen = plan(Every.WEEKLY, Via.SYSTEMD, machine)
    with pytest.raises(UsageError, match=r"^systemctl --user daemon-reload failed: it says no$"):
        install(chosen, machine)
    assert not any(file.path.exists() for file in chosen.files)


def test_a_change_of_scheduler_takes_the_other_one_away(
    machine: Machine, crontab: Path, recorded: Callable[[str], Callable[[], list[str]]]
) -> None:
    recorded("systemctl")
    install(plan(Every.WEEKLY, Via.CRON, machine), machine)
    install(plan(Every.WEEKLY, Via.SYSTEMD, machine), machine)
    assert remove(machine, keep=Via.SYSTEMD) == (Via.CRON,)
    assert installed(machine) == (Via.SYSTEMD,)


def test_launchd_replaces_an_earlier_agent(
    machine: Machine, recorded: Callable[[str], Callable[[], list[str]]]
) -> None:
    mac = replace(machine, platform="darwin", user_id=501)
    calls = recorded("launchctl")
    assert usual_scheduler(mac) is Via.LAUNCHD
    install(plan(Every.WEEKLY, Via.LAUNCHD, mac), mac)
    agent = mac.home / "Library" / "LaunchAgents" / "optout.check.plist"
    assert calls() == ["bootout gui/501/optout.check", f"bootstrap gui/501 {agent}"]
    assert remove(mac) == (Via.LAUNCHD,)
    assert not agent.exists()


def test_the_task_scheduler_gets_the_description(
    machine: Machine, recorded: Callable[[str], Callable[[], list[str]]]
) -> None:
    windows = replace(machine, platform="win32")
    calls = recorded("schtasks")
    assert usual_scheduler(windows) is Via.TASK_SCHEDULER
    chosen = plan(Every.WEEKLY, Via.TASK_SCHEDULER, windows)
    install(chosen, windows)
    assert calls() == [f"/Create /TN optout-check /XML {chosen.files[0].path} /F"]
    assert remove(windows) == (Via.TASK_SCHEDULER,)
    assert calls()[1:] == ["/Delete /TN optout-check /F"]


def test_no_scheduler_is_one_sentence(machine: Machine, programs: Path) -> None:
    bare = replace(machine, environ={"PATH": str(programs)})
    with pytest.raises(UsageError) as caught:
        usual_scheduler(bare)
    assert str(caught.value) == (
        "There is no scheduler here: no systemd for this user and no crontab. Install one: sudo apt-get install cron"
    )
    with pytest.raises(UsageError, match=r"^There is no crontab here"):
        install(plan(Every.WEEKLY, Via.CRON, bare), bare)


def test_without_a_user_manager_cron_stands_in(
    machine: Machine, crontab: Path, recorded: Callable[[str, int], Callable[[], list[str]]]
) -> None:
    recorded("systemctl", 1)
    assert usual_scheduler(machine) is Via.CRON


def test_this_machine_is_described_by_how_the_program_was_installed() -> None:
    machine = Machine.this({})
    assert Path(machine.program[0]).is_file()
    assert machine.minute == replace(machine).minute
