"""Output in an encoding that does not have everything."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from optout.cli.streams import take_any_text

TEXT = "me – done: on → off • “Café” ≥ 1 日"


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", 'me - done: on -> off * "Cafe" >= 1 ?'),
        ("latin-1", 'me - done: on -> off * "Café" >= 1 ?'),
        ("utf-8", TEXT),
    ],
)
def test_what_an_encoding_lacks_is_written_as_something_like_it(encoding: str, expected: str) -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding)
    take_any_text(stream, io.StringIO())
    stream.write(TEXT)
    stream.flush()
    assert raw.getvalue().decode(encoding) == expected


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_command_ends_well_in_any_encoding(encoding: str, tmp_path: Path) -> None:
    environ = {**os.environ, "PYTHONIOENCODING": encoding, "OPTOUT_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "optout", "practice", "--list"], capture_output=True, env=environ, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"plain" in done.stdout
