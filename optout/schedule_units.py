"""What a schedule consists of: units, plists, tasks and crontab lines, as values. Touches nothing."""

from __future__ import annotations

import os
import plistlib
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from optout.errors import UsageError

UNIT = "optout-check"
LABEL = "optout.check"
HOUR = 10
SPREAD_HOURS = 4
LONGEST_HOURS = 2
CHECK_ARGUMENTS = ("check", "--all", "--quiet", "--notify")
# Taken along into the scheduler's bare environment. None of them is a secret, and nothing else is taken.
CARRIED = ("OPTOUT_HOME", "OPTOUT_BROWSER_BINARY", "OPTOUT_DRIVER", "PATH")
TASK_NAMESPACE = "http://schemas.microsoft.com/windows/2004/02/mit/task"
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


class Via(StrEnum):
    """The platform's schedulers."""

    SYSTEMD = "systemd"
    LAUNCHD = "launchd"
    TASK_SCHEDULER = "task-scheduler"
    CRON = "cron"


class Every(StrEnum):
    """How often."""

    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Machine:
    """What the schedule depends on: the platform, the person's home, the environment, the program itself."""

    platform: str
    home: Path
    environ: Mapping[str, str]
    program: tuple[str, ...]
    user_id: int

    @classmethod
    def this(cls, environ: Mapping[str, str]) -> Machine:
        """This machine, and the way this program was installed."""
        script = Path(sys.executable).with_name("optout.exe" if sys.platform == "win32" else "optout")
        program = (str(script),) if script.is_file() else (sys.executable, "-m", "optout")
        user_id = os.getuid() if hasattr(os, "getuid") else 0
        return cls(sys.platform, Path.home(), environ, program, user_id)

    def carried(self) -> dict[str, str]:
        """The variables that the scheduled check needs."""
        found = {name: self.environ[name] for name in CARRIED if self.environ.get(name)}
        if "OPTOUT_HOME" in found:
            found["OPTOUT_HOME"] = os.path.abspath(os.path.expanduser(found["OPTOUT_HOME"]))  # noqa: PTH100, PTH111
        for name, value in found.items():
            if not value.isprintable():
                raise UsageError(f"{name} holds characters that no scheduler can carry. Set it again without them.")
        return found

    @property
    def minute(self) -> int:
        """A minute of the hour of its own for each person, the same every time: not everybody at ten sharp."""
        return zlib.crc32(str(self.home).encode()) % 60


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """A file that the schedule consists of."""

    path: Path
    text: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be installed: the files, then the commands. For cron, the line of the crontab."""

    via: Via
    files: tuple[PlannedFile, ...] = ()
    commands: tuple[tuple[str, ...], ...] = ()
    cron_line: str = ""

    def __str__(self) -> str:
        parts = [f"# {file.path}\n{file.text.rstrip()}\n" for file in self.files]
        parts += [f"$ {' '.join(command)}" for command in self.commands]
        if self.cron_line:
            parts.append(f"# crontab\n{self.cron_line}")
        return "\n".join(parts)


def plan(every: Every, via: Via, machine: Machine) -> Plan:
    """What would be installed; touches nothing."""
    makers = {
        Via.SYSTEMD: _systemd_plan,
        Via.LAUNCHD: _launchd_plan,
        Via.TASK_SCHEDULER: _task_plan,
        Via.CRON: _cron_plan,
    }
    return makers[via](every, machine)


def systemd_folder(machine: Machine) -> Path:
    """Where this person's own units are."""
    config = machine.environ.get("XDG_CONFIG_HOME") or machine.home / ".config"
    return Path(config) / "systemd" / "user"


def launch_agent(machine: Machine) -> Path:
    """The launchd agent's file."""
    return machine.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"


def task_file(machine: Machine) -> Path:
    """The description that the Task Scheduler was given."""
    return Path(machine.environ.get("LOCALAPPDATA") or machine.home / "AppData" / "Local") / "optout" / f"{UNIT}.xml"


def _systemd_plan(every: Every, machine: Machine) -> Plan:
    when = "Mon *-*-*" if every is Every.WEEKLY else "*-*-01"
    environment = "".join(
        f"Environment={_systemd_quoted(f'{name}={value}', is_command=False)}\n"
        for name, value in machine.carried().items()
    )
    command = " ".join(_systemd_quoted(part) for part in (*machine.program, *CHECK_ARGUMENTS))
    # 1 and 3 are findings of the check, not failures of the unit.
    service = (
        "[Unit]\nDescription=Check that the privacy settings are still off\n\n"
        f"[Service]\nType=oneshot\n{environment}ExecStart={command}\nSuccessExitStatus=1 3\n"
        f"TimeoutStartSec={LONGEST_HOURS}h\nNice=10\nUMask=0077\n"
    )
    timer = (
        f"[Unit]\nDescription=Check the privacy settings {every}\n\n"
        f"[Timer]\nOnCalendar={when} {HOUR}:00:00\nRandomizedDelaySec={SPREAD_HOURS}h\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n"
    )
    folder = systemd_folder(machine)
    return Plan(
        Via.SYSTEMD,
        (PlannedFile(folder / f"{UNIT}.service", service), PlannedFile(folder / f"{UNIT}.timer", timer)),
        (("systemctl", "--user", "daemon-reload"), ("systemctl", "--user", "enable", "--now", f"{UNIT}.timer")),
    )


def _launchd_plan(every: Every, machine: Machine) -> Plan:
    day = {"Weekday": 1} if every is Every.WEEKLY else {"Day": 1}
    agent = {
        "Label": LABEL,
        "ProgramArguments": [*machine.program, *CHECK_ARGUMENTS],
        "EnvironmentVariables": machine.carried(),
        "StartCalendarInterval": {**day, "Hour": HOUR, "Minute": machine.minute},
        "ProcessType": "Background",
        "Umask": 0o077,
    }
    path = launch_agent(machine)
    return Plan(
        Via.LAUNCHD,
        (PlannedFile(path, plistlib.dumps(agent).decode()),),
        (("launchctl", "bootstrap", f"gui/{machine.user_id}", str(path)),),
    )


def _task_plan(every: Every, machine: Machine) -> Plan:
    task = ET.Element("Task", {"version": "1.2", "xmlns": TASK_NAMESPACE})
    trigger = ET.SubElement(ET.SubElement(task, "Triggers"), "CalendarTrigger")
    _texts(trigger, StartBoundary=f"2026-01-01T{HOUR}:00:00", Enabled="true", RandomDelay=f"PT{SPREAD_HOURS}H")
    if every is Every.WEEKLY:
        by_week = ET.SubElement(trigger, "ScheduleByWeek")
        ET.SubElement(ET.SubElement(by_week, "DaysOfWeek"), "Monday")
        _texts(by_week, WeeksInterval="1")
    else:
        by_month = ET.SubElement(trigger, "ScheduleByMonth")
        _texts(ET.SubElement(by_month, "DaysOfMonth"), Day="1")
        months = ET.SubElement(by_month, "Months")
        for month in MONTHS:
            ET.SubElement(months, month)
    principal = ET.SubElement(ET.SubElement(task, "Principals"), "Principal", {"id": "Author"})
    _texts(principal, LogonType="InteractiveToken", RunLevel="LeastPrivilege")
    settings = ET.SubElement(task, "Settings")
    _texts(
        settings,
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        StartWhenAvailable="true",
        RunOnlyIfNetworkAvailable="true",
        ExecutionTimeLimit=f"PT{LONGEST_HOURS}H",
    )
    command, arguments = _windows_command(machine)
    action = ET.SubElement(ET.SubElement(task, "Actions", {"Context": "Author"}), "Exec")
    _texts(action, Command=command, Arguments=arguments)
    ET.indent(task)
    path = task_file(machine)
    text = '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(task, encoding="unicode") + "\n"
    return Plan(
        Via.TASK_SCHEDULER,
        (PlannedFile(path, text),),
        (("schtasks", "/Create", "/TN", UNIT, "/XML", str(path), "/F"),),
    )


def _cron_plan(every: Every, machine: Machine) -> Plan:
    carried = dict(machine.carried())
    # Without it neither keyring nor notifications are reachable from cron.
    bus = machine.environ.get("DBUS_SESSION_BUS_ADDRESS", "")
    if bus.startswith("unix:path=/run/user/"):
        carried["DBUS_SESSION_BUS_ADDRESS"] = bus
    assignments = [f"{name}={shlex.quote(value)}" for name, value in carried.items()]
    command = " ".join(["env", *assignments, shlex.join((*machine.program, *CHECK_ARGUMENTS))])
    # The output would be mailed; the notification and the history have it already.
    command = f"{command} >/dev/null 2>&1".replace("%", r"\%")
    when = f"{machine.minute} {HOUR} * * 1" if every is Every.WEEKLY else f"{machine.minute} {HOUR} 1 * *"
    return Plan(Via.CRON, cron_line=f"{when} {command} # {UNIT}")


def _systemd_quoted(text: str, *, is_command: bool = True) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    if is_command:
        escaped = escaped.replace("$", "$$")
    return f'"{escaped}"' if re.search(r"[^\w./:=@%+,-]", escaped) else escaped


def _windows_command(machine: Machine) -> tuple[str, str]:
    carried = {name: value for name, value in machine.carried().items() if name != "PATH"}
    if not carried:
        return machine.program[0], subprocess.list2cmdline([*machine.program[1:], *CHECK_ARGUMENTS])
    for name, value in carried.items():
        if re.search(r'["%]', value):
            raise UsageError(f'{name} holds " or %, which the Task Scheduler cannot carry. Choose another folder.')
    # A task has no environment of its own: cmd sets it first.
    settings = " & ".join(f'set "{name}={value}"' for name, value in carried.items())
    return "cmd.exe", f'/d /c "{settings} & {subprocess.list2cmdline([*machine.program, *CHECK_ARGUMENTS])}"'


def _texts(parent: ET.Element, **texts: str) -> None:
    for tag, text in texts.items():
        ET.SubElement(parent, tag).text = text
