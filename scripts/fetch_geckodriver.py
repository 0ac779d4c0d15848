"""Fetches geckodriver with webdriver-manager and prints where it is; exit code 1 and the reason if it cannot."""

import sys

from requests import RequestException
from webdriver_manager.firefox import GeckoDriverManager


def main() -> int:
    """The program's exit code."""
    try:
        path = GeckoDriverManager().install()
    except (RequestException, OSError, ValueError) as error:
        sys.stderr.write(f"geckodriver could not be fetched: {error}\n")
        return 1
    sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
