"""Checks by itself: installs, finds and removes the schedule that `optout.schedule_units` describes."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

from optout.errors import UsageError
from optout.places import write_private
from optout.schedule_units import LABEL, UNIT, Machine, Plan, Via, launch_agent, systemd_folder, task_file

if TYPE_CHECKING:
    from crontab import CronTab

COMMAND_SECONDS = 60


def usual_scheduler(machine: Machine) -> Via:
    """The platform's own scheduler, if it works here; `UsageError` when there is none."""
    if machine.platform == "darwin":
        return Via.LAUNCHD
    if machine.platform == "win32":
        return Via.TASK_SCHEDULER
    if _has_user_systemd(machine):
        return Via.SYSTEMD
    if _which("crontab", machine):
        return Via.CRON
    raise UsageError(
        "There is no scheduler here: no systemd for this user and no crontab. Install one: sudo apt-get install cron"
    )


def install(chosen: Plan, machine: Machine) -> None:
    """Carries the plan out; an earlier schedule of that scheduler is replaced.

    Raises `UsageError` when the scheduler refuses; then nothing of the plan is left behind.
    """
    if chosen.via is Via.CRON:
        _write_crontab(machine, chosen.cron_line)
        return
    for file in chosen.files:
        try:
            file.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(f"{file.path.parent} cannot be made ({error.strerror}). Try: --via cron") from error
        write_private(file.path, file.text)
    if chosen.via is Via.LAUNCHD:
        _run(("launchctl", "bootout", f"gui/{machine.user_id}/{LABEL}"), machine, may_fail=True)
    try:
        for command in chosen.commands:
            _run(command, machine)
    except UsageError:
        for file in chosen.files:
            file.path.unlink(missing_ok=True)
        raise


def remove(machine: Machine, *, keep: Via | None = None) -> tuple[Via, ...]:
    """Takes every schedule of ours away, but for the one to keep; gives those that were there."""
    found = tuple(via for via in installed(machine) if via is not keep)
    for via in found:
        if via is Via.CRON:
            _write_crontab(machine, "")
        elif via is Via.SYSTEMD:
            _run(("systemctl", "--user", "disable", "--now", f"{UNIT}.timer"), machine, may_fail=True)
            for suffix in ("timer", "service"):
                (systemd_folder(machine) / f"{UNIT}.{suffix}").unlink(missing_ok=True)
            _run(("systemctl", "--user", "daemon-reload"), machine, may_fail=True)
        elif via is Via.LAUNCHD:
            _run(("launchctl", "bootout", f"gui/{machine.user_id}/{LABEL}"), machine, may_fail=True)
            launch_agent(machine).unlink(missing_ok=True)
        else:
            _run(("schtasks", "/Delete", "/TN", UNIT, "/F"), machine)
            task_file(machine).unlink(missing_ok=True)
    return found


def installed(machine: Machine) -> tuple[Via, ...]:
    """The schedulers that hold a schedule of ours."""
    found = []
    if (systemd_folder(machine) / f"{UNIT}.timer").exists():
        found.append(Via.SYSTEMD)
    if launch_agent(machine).exists():
        found.append(Via.LAUNCHD)
    if machine.platform == "win32" and task_file(machine).exists():
        found.append(Via.TASK_SCHEDULER)
    if _which("crontab", machine) and _own_jobs(machine):
        found.append(Via.CRON)
    return tuple(found)


def _crontab(machine: Machine) -> CronTab:
    import crontab  # noqa: PLC0415 -- cron only

    if not _which("crontab", machine):
        raise UsageError("There is no crontab here. Install it: sudo apt-get install cron")
    try:
        return crontab.CronTab(user=True)
    except (OSError, ValueError) as error:
        raise UsageError(f"The crontab cannot be read ({error}). Look at it with: crontab -l") from error


def _own_jobs(machine: Machine) -> int:
    return len(list(_crontab(machine).find_comment(UNIT)))


def _write_crontab(machine: Machine, line: str) -> None:
    import crontab  # noqa: PLC0415 -- cron only

    table = _crontab(machine)
    table.remove_all(comment=UNIT)
    if line:
        table.append(crontab.CronItem.from_line(line, cron=table))
    try:
        table.write()
    except OSError as error:
        raise UsageError(f"The crontab cannot be written ({error}). Look at it with: crontab -l") from error


def _which(command: str, machine: Machine) -> str | None:
    return shutil.which(command, path=machine.environ.get("PATH", os.defpath))


def _has_user_systemd(machine: Machine) -> bool:
    if not _which("systemctl", machine):
        return False
    try:
        _run(("systemctl", "--user", "show-environment"), machine)
    except UsageError:
        return False
    return True


def _run(command: tuple[str, ...], machine: Machine, *, may_fail: bool = False) -> None:
    program = _which(command[0], machine)
    shown = " ".join(command)
    if program is None:
        if may_fail:
            return
        raise UsageError(f"{command[0]} is not here, so {shown} could not be run. Try: optout schedule --print")
    try:
        done = subprocess.run(
            [program, *command[1:]],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=COMMAND_SECONDS,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise UsageError(f"{shown} could not be run ({type(error).__name__}). Run it yourself to see why.") from error
    if done.returncode and not may_fail:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise UsageError(f"{shown} failed: {said[0] if said else f'exit code {done.returncode}'}")
