"""Firefox that has been started before on this machine: what it keeps of its own then is in each new profile.

A first start costs it 3.3 s of CPU time, one with that 1.9 (version 153, two cores), and the tests make some 350
profiles. No preferences are carried over, and nothing of any site.
"""

from __future__ import annotations

import shlex
import shutil
from pathlib import Path

from optout.browser.installed import installed_browser
from optout.browser.launch import Launch, open_browser
from optout.browser.waiting import Stop

# Its own scripts as it compiled them, which Firefox made them (else they are thrown away), and its own databases.
KEPT = ("startupCache", "compatibility.ini", "storage", "storage.sqlite")
SCRIPT = """#!/bin/sh
previous=
for argument in "$@"; do
  case $previous in -profile|--profile)
    if [ -d "$argument" ] && [ ! -e "$argument/compatibility.ini" ]; then cp -R {template}/. "$argument/"; fi ;;
  esac
  previous=$argument
done
exec {firefox} "$@"
"""


def warm_firefox(folder: Path) -> Path:
    """A folder for the front of the PATH, in which `firefox` is this machine's Firefox with warm new profiles."""
    firefox = installed_browser("firefox")
    assert firefox is not None, "there is no Firefox: make setup-test"
    begun = folder / "begun"
    begun.mkdir()
    for _ in range(2):  # the second start completes the first one's
        open_browser(Launch(kind="firefox", profile=begun), Stop(), lambda _: None).close()
    template, commands = folder / "template", folder / "commands"
    for made in (template, commands):
        made.mkdir()
    for name in KEPT:
        (begun / name).rename(template / name)
    shutil.rmtree(begun)
    script = commands / "firefox"
    script.write_text(SCRIPT.format(template=shlex.quote(str(template)), firefox=shlex.quote(str(firefox.path))))
    script.chmod(0o755)
    return commands
