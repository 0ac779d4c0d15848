from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from optout.notify import notify

# A notification service on a bus of its own: it answers what a notification asks for, and writes down what it got.
SERVICE = """
import json, sys
from jeepney import DBusAddress, HeaderFields, MessageType, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection

INTERFACE = "org.freedesktop.Notifications"
XML = '''<node><interface name="org.freedesktop.Notifications">
<method name="GetCapabilities"><arg direction="out" type="as"/></method>
<method name="GetServerInformation"><arg direction="out" type="s"/><arg direction="out" type="s"/>
<arg direction="out" type="s"/><arg direction="out" type="s"/></method>
<method name="Notify"><arg direction="in" type="s"/><arg direction="in" type="u"/><arg direction="in" type="s"/>
<arg direction="in" type="s"/><arg direction="in" type="s"/><arg direction="in" type="as"/>
<arg direction="in" type="a{sv}"/><arg direction="in" type="i"/><arg direction="out" type="u"/></method>
</interface></node>'''
connection = open_dbus_connection()
connection.send_and_get_reply(message_bus.RequestName(INTERFACE))
print("ready", flush=True)
while True:
    call = connection.receive()
    if call.header.message_type is not MessageType.method_call:
        continue
    member = call.header.fields[HeaderFields.member]
    if member == "Introspect":
        answer = ("s", (XML,))
    elif member == "GetCapabilities":
        answer = ("as", (["body"],))
    elif member == "GetServerInformation":
        answer = ("ssss", ("test", "test", "1", "1.2"))
    elif member == "Notify":
        answer = ("u", (7,))
    else:
        answer = (None, ())
    connection.send(new_method_return(call, *answer))
    if member == "Notify":
        name, _, _, title, text, *_ = call.body
        print(json.dumps([name, title, text]), flush=True)
        break
"""
CALLER = """
import subprocess, sys
from optout.notify import notify
service = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdout=subprocess.PIPE, text=True)
assert service.stdout.readline() == "ready\\n"
said = notify("No longer off", "2 settings of me are on again")
if said:
    service.kill()
print(said)
print(service.stdout.readline(), end="")
service.wait(10)
"""


def on_a_bus(*command: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("dbus-run-session"):
        pytest.fail("dbus-run-session is needed for this test: sudo apt-get install dbus")
    return subprocess.run(["dbus-run-session", "--", *command], capture_output=True, text=True, timeout=60, check=True)


def test_a_notification_reaches_the_desktops_service() -> None:
    done = on_a_bus(sys.executable, "-c", CALLER, SERVICE)
    said, received = done.stdout.splitlines()
    assert said == "None"
    assert json.loads(received) == ["optout", "No longer off", "2 settings of me are on again"]


def test_a_bus_without_a_service_is_a_sentence_without_a_stack() -> None:
    code = (
        "import logging, os; logging.basicConfig(); from optout.notify import notify;"
        "print(notify('a', 'b', {**os.environ, 'PATH': '/nowhere'}))"
    )
    done = on_a_bus(sys.executable, "-c", code)
    assert done.stdout.startswith("No notification was shown: ")
    assert done.stdout.count("\n") == 1
    assert "Traceback" not in done.stderr


def test_no_desktop_session_is_a_sentence(tmp_path: Path) -> None:
    assert notify("a", "b", {"PATH": "/usr/bin", "XDG_RUNTIME_DIR": str(tmp_path)}) == (
        "No notification was shown: there is no desktop session here."
    )


def test_notify_send_stands_in_and_takes_no_options_from_the_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    (tmp_path / "notify-send").write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" > '{log}'\n")
    (tmp_path / "notify-send").chmod(0o755)
    bus = f"unix:path={tmp_path}/nobody"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    assert notify("--help", "text", {"DBUS_SESSION_BUS_ADDRESS": bus, "PATH": str(tmp_path)}) is None
    assert log.read_text().splitlines() == ["--app-name=optout", "--", "--help", "text"]


def test_a_notify_send_that_fails_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notify-send").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "notify-send").chmod(0o755)
    bus = f"unix:path={tmp_path}/nobody"
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", bus)
    said = notify("a", "b", {"DBUS_SESSION_BUS_ADDRESS": bus, "PATH": str(tmp_path)})
    assert said is not None
    assert said.endswith("notify-send failed (exit code 3).")
