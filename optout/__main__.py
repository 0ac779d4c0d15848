"""`python -m optout`."""

from optout.cli.app import main

if __name__ == "__main__":
    main()
