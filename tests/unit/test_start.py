"""How the process is set up before anything else of the program is there."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PLUGIN = """
import sys
print("a plugin's code ran", file=sys.stderr)

class Plugin:
    def new_schema_validator(self, *given, **more):
        return None, None, None

plugin = Plugin()
"""


def test_no_plugin_of_a_library_is_loaded(tmp_path: Path) -> None:
    """One that is installed beside the program would see every value that Pydantic checks, of every model."""
    (tmp_path / "somebodys_plugin.py").write_text(PLUGIN)
    about = tmp_path / "somebodys_plugin-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: somebodys-plugin\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[pydantic]\nsomebody = somebodys_plugin:plugin\n")
    environ = {**os.environ, "PYTHONPATH": str(tmp_path), "OPTOUT_HOME": str(tmp_path / "home")}
    for program in (["-m", "optout", "settings"], ["-c", "import pydantic; type('A', (pydantic.BaseModel,), {})"]):
        done = subprocess.run([sys.executable, *program], env=environ, capture_output=True, text=True, check=False)
        assert (done.returncode, "plugin's code ran" in done.stderr) == (0, program[0] == "-c"), done.stderr
