"""The program, `python -m tests.program`, whose encrypted file is opened with little work.

At full cost a passphrase takes a quarter of a second of CPU time each time that it is tried, several times in a run.
`tests/unit/test_keyrings.py` and `tests/commands/test_accounts.py` pay the full price.
"""

from __future__ import annotations

from optout import encrypted_file
from optout.__main__ import main

if __name__ == "__main__":
    encrypted_file.TIME_COST, encrypted_file.MEMORY_KIB, encrypted_file.LANES = 1, 1024, 1
    main()
