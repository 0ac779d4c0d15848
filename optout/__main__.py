"""The program's start: `optout`, or `python -m optout`."""

from __future__ import annotations

import atexit
import gc
import os
from typing import NoReturn

# How many more objects than before make Python look for garbage. It is 700 by itself: a program of seconds, most of
# whose objects stay to its end, then looks through them again and again (a tenth of its CPU time, 3.11).
OBJECTS_BETWEEN_COLLECTIONS = 50_000


def main() -> NoReturn:
    """Set up the process, then run the program."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 20, 100)
    # The system takes the memory back at once; Python by itself would take it apart first, object by object (0.07 s).
    atexit.register(gc.freeze)
    # No code of others in a program that handles passwords: Pydantic loads every plugin that is installed beside it.
    os.environ["PYDANTIC_DISABLE_PLUGINS"] = "__all__"
    from optout.cli.app import main as run  # noqa: PLC0415 -- the libraries that it brings are what is to be set up for

    run()


if __name__ == "__main__":
    main()
