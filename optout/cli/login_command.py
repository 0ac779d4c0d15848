"""`optout login`: the person signs in themselves, in a visible browser whose profile is kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from optout.cli import completion, options

LOGIN_SECONDS = 900.0


def login(
    account: Annotated[
        str,
        typer.Argument(metavar="ACCOUNT", help="The account to sign in to", autocompletion=completion.account_names),
    ],
    browser: options.Browser = None,
    selectors: options.Selectors = None,
    origin: options.Origin = None,
) -> None:
    """Sign in yourself, in a visible browser that is kept for later runs.

    The surest way in: you answer the password, the code or the captcha yourself, once.

    Examples:

      optout login me
    """
    _login(account, browser, selectors, origin)
    typer.echo(f"'{account}' is signed in and the browser profile is kept. Next: optout run {account} --dry-run")


def _login(name: str, browser: str | None, selectors: Path | None, origin: str | None) -> None:
    from optout.accounts import AccountBook
    from optout.browser.launch import Launch, end_leftovers, open_session
    from optout.browser.waiting import Stop
    from optout.catalogue.loading import load_catalogue
    from optout.catalogue.scope import with_origin
    from optout.cli.errand import browser_kind, heed_signals
    from optout.errors import UsageError
    from optout.fleet import account_lock
    from optout.keyrings import open_secrets
    from optout.login import wait_for_login
    from optout.places import Places
    from optout.visits import Pacer, Visitor

    places = Places.from_environment(os.environ).prepare()
    catalogue = load_catalogue(places.config_home, selectors)
    found = AccountBook(places, open_secrets(places, os.environ)).get(name)
    service = catalogue.service(found.service)
    service = service if origin is None else with_origin(service, origin)
    if service.signin is None:
        raise UsageError(f"{service.title} has no sign-in")
    stop = Stop()
    profile = places.profile(found.name, service.origin)
    with heed_signals(stop), account_lock(places, found.name, service.origin, stop, typer.echo):
        end_leftovers(profile)
        launch = Launch(kind=browser_kind(browser), headed=True, profile=profile, light=False, for_person=True)
        session = open_session(launch, stop, lambda text: typer.echo(text, err=True))
        try:
            visitor = Visitor(service, Pacer(0, stop), stop)
            typer.echo(f"Sign in to {service.title} in the window that opened; it closes by itself.", err=True)
            wait_for_login(session, visitor, stop, LOGIN_SECONDS)
        finally:
            session.close()
