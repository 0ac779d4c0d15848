"""Where this person's things are kept; imported late, so that `--help` does not pay for it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optout.places import Places


def kept() -> Places:
    """The folders and files of the person who runs this; raises `UsageError` for an impossible OPTOUT_HOME."""
    from optout.places import Places

    return Places.from_environment(os.environ)
