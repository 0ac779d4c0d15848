"""The practice site: plays LinkedIn on loopback, as awkwardly as it is said to be, with a truth of its own."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Self

from flask import Flask, Response, request

from optout.errors import UsageError
from optout.practice.elsewhere import ElsewhereSite
from optout.practice.faults import Fault, Scenario, SiteFault
from optout.practice.members import BY_ID, CHIPS, EVERY, SETTINGS, STATIC_ON, UNLISTED, PracticeSetting, first_values
from optout.practice.pages import Shell, document
from optout.practice.records import DEFAULT_TOTP_SECRET, Latency, Operation, PracticeAccount, Request, SignInKind
from optout.practice.rendering import GENERATIONS, SettingView, hash_classes
from optout.practice.scenarios import find_scenario
from optout.practice.server import LoopbackSite
from optout.practice.signin import SESSION_COOKIE
from optout.practice.words import LANGUAGES, Words

__all__ = ["Latency", "Operation", "PracticeAccount", "PracticeSite", "Request"]

_GONE = (Fault.GONE_404, Fault.GONE_TO_INDEX, Fault.GONE_EMPTY)
_RESTRICTED_REGION = frozenset({"ads-inferred-location", "ads-measure-success"})


def check_appearance(generation: str, language: str) -> None:
    """`UsageError` if the site has no such generation or language."""
    generations = (*GENERATIONS, "mixed")
    for name, value, choices in (("generation", generation, generations), ("language", language, LANGUAGES)):
        if value not in choices:
            raise UsageError(
                f"The practice site has no {name} “{value}”. "
                f"Choose one of {', '.join(choices)}: optout practice --{name} {choices[0]}"
            )


@dataclass(frozen=True, slots=True)
class Play:
    """What is being played now; `epoch` tells one `use` or `reset` from the next."""

    scenario: Scenario
    generation: str
    words: Words
    epoch: int


class PracticeSite(LoopbackSite):
    """The practice site. `rewrite(path, html)` may change a page's main part before it is sent.

    `generation` is 2026, 2023, 2020 or mixed; `build` seeds the hashed class names.
    """

    def __init__(  # noqa: PLR0913 -- every part of the site's appearance can be chosen
        self,
        scenario: str = "plain",
        latency: Latency | None = None,
        accounts: tuple[PracticeAccount, ...] = (),
        port: int = 0,
        generation: str = "2026",
        language: str = "en",
        *,
        build: str = "1",
        rewrite: Callable[[str, str], str] | None = None,
    ) -> None:
        check_appearance(generation, language)
        super().__init__(accounts, latency or Latency(), port)
        self.build = build
        self.rewrite = rewrite
        self.elsewhere = ElsewhereSite()
        self._generation = generation
        self._language = language
        self._play_lock = threading.Lock()
        self._play = self._played(find_scenario(scenario), 0)
        self.reset()

    def start(self) -> Self:
        self.elsewhere.start()
        try:
            return super().start()
        except BaseException:
            self.elsewhere.stop()
            raise

    def stop(self) -> None:
        super().stop()
        self.elsewhere.stop()

    def build_app(self) -> Flask:
        from optout.practice.app import build_app  # noqa: PLC0415 -- the routes need this class

        return build_app(self)

    def use(self, scenario: str) -> None:
        """Play another scenario: truth, sessions, operations and requests begin anew. `UsageError` if unknown."""
        found = find_scenario(scenario)
        with self._play_lock:
            self._play = self._played(found, self._play.epoch)
        self.reset()

    def reset(self) -> None:
        """Begin the scenario anew."""
        with self._play_lock:
            self._play = self._played(self._play.scenario, self._play.epoch + 1)
        values = first_values(self.scenario.off_at_start)
        self.store.reset({account.username: values for account in self.accounts})
        self.elsewhere.reset()

    def _played(self, scenario: Scenario, epoch: int) -> Play:
        words = Words(scenario.language or self._language, scenario.ids(Fault.REWORDED))
        return Play(scenario, scenario.generation or self._generation, words, epoch)

    @property
    def play(self) -> Play:
        """What is being played now."""
        return self._play

    @property
    def scenario(self) -> Scenario:
        """The scenario that is being played now."""
        return self._play.scenario

    @property
    def words(self) -> Words:
        """The words of the language that is being played now."""
        return self._play.words

    def truth(self, username: str) -> Mapping[str, str]:
        """The server's own state per setting, and per decoy, chip and unlisted control under its own id."""
        values = self.store.values(username)
        states = {each.id: self._state(username, each, values) for each in EVERY}
        states |= {control: values.get(control, "on") for control in STATIC_ON}
        return MappingProxyType(states)

    def _state(self, username: str, setting: PracticeSetting, values: Mapping[str, str]) -> str:
        if self.is_gone(username, setting) or (setting is UNLISTED and not self.scenario.has(SiteFault.UNLISTED)):
            return "absent"
        seen = {values[control] for control in setting.control_ids}
        return seen.pop() if len(seen) == 1 else "mixed"

    def set(self, username: str, setting_id: str, on: bool) -> None:
        """Change the server's truth behind everybody's back. `KeyError` if there is no such control."""
        controls = BY_ID[setting_id].control_ids if setting_id in BY_ID else (setting_id,)
        known = self.store.values(username)
        for control in controls:
            known[control]
        self.store.put(username, controls, "on" if on else "off")

    def last_code(self, username: str) -> str | None:
        """The code that was last emailed or texted to that account."""
        return self.store.code(username)

    def approve(self, username: str) -> None:
        """Say yes in the account's app."""
        self.store.approve(username)

    def expire_sessions(self) -> None:
        """Sign every browser out."""
        self.store.close_all_sessions()

    def current_username(self) -> str | None:
        return self.store.session_username(request.cookies.get(SESSION_COOKIE))

    def sign_in_kind(self, account: PracticeAccount) -> SignInKind:
        """What follows the right password of that account now."""
        return self.scenario.sign_in or account.sign_in

    def totp_secret(self, account: PracticeAccount) -> str:
        """The secret that the account's authenticator codes come from."""
        return account.totp_secret or DEFAULT_TOTP_SECRET

    def is_gone(self, username: str, setting: PracticeSetting) -> bool:
        """Whether this account has no such control at present."""
        account = self.account(username)
        if account and account.region == "restricted" and setting.id in _RESTRICTED_REGION:
            return True
        cascaded = setting.id == "affiliate-sharing" and self._is_cascaded(username, SiteFault.CASCADE_GONE)
        return cascaded or any(self.scenario.hits(fault, setting.id) for fault in _GONE)

    def is_locked(self, username: str, setting: PracticeSetting) -> bool:
        """Whether the control is there but disabled since the cascade."""
        return setting.id == "affiliate-sharing" and self._is_cascaded(username, SiteFault.CASCADE_DISABLED)

    def _is_cascaded(self, username: str, fault: SiteFault) -> bool:
        return self.scenario.has(fault) and self.store.value(username, "ads-off-linkedin") == "off"

    def generation_of(self, page: str) -> str:
        """The generation that page is served in: `mixed` gives every page its own."""
        if self._play.generation != "mixed":
            return self._play.generation
        return GENERATIONS[zlib.crc32(page.encode()) % len(GENERATIONS)]

    def path_of(self, setting: PracticeSetting) -> str:
        """Where the index leads to."""
        if self.scenario.hits(Fault.MOVED, setting.id):
            return f"/mypreferences/d/settings/v3-{setting.tail.rsplit('/', 1)[1]}"
        return setting.old_path if self.generation_of(setting.id) == "2020" else setting.path

    def view(self, username: str, setting: PracticeSetting, *, as_value: str | None = None) -> SettingView:
        """The setting as that account sees it, or as if every control of it had `as_value`."""
        values = self.store.values(username)
        if as_value:
            values |= dict.fromkeys(setting.control_ids, as_value)
        return SettingView(
            setting,
            values,
            self.scenario,
            self.words,
            self.generation_of(setting.id),
            self.is_locked(username, setting),
        )

    def dress(self, path: str, html: str) -> str:
        """The main part of a page as it is sent: rewritten, with this build's class names."""
        return hash_classes(self._rewritten(path, html), self.build)

    def _rewritten(self, path: str, html: str) -> str:
        return self.rewrite(path, html) if self.rewrite else html

    def page(self, shell: Shell, status: int = 200) -> Response:
        """A whole document."""
        response = Response(hash_classes(document(shell), self.build), status, mimetype="text/html")
        response.headers["Cache-Control"] = "no-store"
        return response

    def shell(self, title: str, **parts: Any) -> Shell:
        """A document's shell in the words and the build of the moment."""
        return Shell(title, self.words, self.build, **parts)

    def outer_page(self, title: str, main: str, *, with_member_nav: bool = False) -> Response:
        """A page for those who are not signed in."""
        return self.page(self.shell(title, main=self._rewritten(request.path, main), signed_in=with_member_nav))

    def save(self, username: str, control_id: str, value: str) -> Operation:
        """Keep one received write, and what follows from it on the server."""
        operation = self.store.write(username, control_id, value)
        if control_id == "ads-off-linkedin" and value == "off":
            self.store.put(username, ("affiliate-sharing",), "off")
        if control_id == "ads-age" and value == "off" and self.scenario.has(SiteFault.RAISES):
            raised = (BY_ID[setting].control_ids for setting in ("ads-gender", "ads-employer"))
            self.store.put(username, (control for controls in raised for control in controls), "on")
        return operation

    def revert_later(self, username: str, operation: Operation, seconds: float) -> None:
        """Take a kept write back after a while, unless the scenario has changed by then."""
        epoch = self._play.epoch

        def revert() -> None:
            if not self.stopping.wait(seconds) and self._play.epoch == epoch:
                self.store.put(username, (operation.control_id,), operation.before)

        threading.Thread(target=revert, daemon=True, name=f"revert at {time.monotonic() + seconds:.1f}").start()

    def setting_at(self, path: str) -> PracticeSetting | None:
        """The setting whose page stands at that path, in any spelling."""
        for setting in EVERY:
            if path in (self.path_of(setting), setting.path, setting.old_path, setting.path.replace("/d/", "/m/", 1)):
                return setting
        return None

    def known_controls(self) -> frozenset[str]:
        """Every id that the page's script may write."""
        chips = frozenset(chip for chip, _ in CHIPS)
        settings = frozenset(control for setting in EVERY for control in setting.control_ids)
        return settings | chips | frozenset(STATIC_ON) | {"cookie-banner", "dialog/continue", "dialog/later"}


def index_settings(index: str) -> tuple[PracticeSetting, ...]:
    """The settings an index lists, in order."""
    return tuple(setting for setting in SETTINGS if setting.index == index)
