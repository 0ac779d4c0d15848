"""Write the help texts between the README's markers, or say with --check whether they are stale.

python scripts/readme_help.py [--check]
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
MARKED = re.compile(r"<!-- help: optout (?P<arguments>[a-z -]+) -->\n.*?<!-- end -->", re.DOTALL)
COLUMNS = "100"


def main() -> int:
    """The exit code: 1 when the README was stale, under --check."""
    before = README.read_text(encoding="utf-8")
    after = MARKED.sub(_block, before)
    if "--check" in sys.argv[1:]:
        if before != after:
            print("README.md is stale: python scripts/readme_help.py", file=sys.stderr)  # noqa: T201
        return int(before != after)
    README.write_text(after, encoding="utf-8")
    return 0


def _block(found: re.Match[str]) -> str:
    arguments = found["arguments"].split()
    program = "import sys; sys.argv[0] = 'optout'; from optout.__main__ import main; main()"
    environ = {**os.environ, "COLUMNS": COLUMNS, "NO_COLOR": "1", "TERM": "dumb", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        encoding="utf-8",
        check=True,
        env=environ,
        cwd=README.parent,
    )
    text = "\n".join(line.rstrip() for line in done.stdout.strip("\n").splitlines())
    return f"<!-- help: optout {' '.join(arguments)} -->\n```\n{text}\n```\n<!-- end -->"


if __name__ == "__main__":
    raise SystemExit(main())
