"""The faults a scenario is composed of, and what an honest program must report under them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from optout.practice.members import DECOYS, STATIC_ON
from optout.practice.records import SignInKind

ALWAYS_STAY = frozenset({"research", "cookies", DECOYS[0].id, DECOYS[1].id, *STATIC_ON})
ENDED = frozenset({"turned-off", "already-off", "not-reached", "failed"})
NOT_ALL_OFF = frozenset({1})
EITHER = frozenset({0, 1})
NEEDS_HUMAN = frozenset({3})


class Fault(StrEnum):
    """What can be wrong with one setting."""

    SAVE_REFUSED = "save-refused"
    SAVE_FORGOTTEN = "save-forgotten"
    SAVE_REVERTED = "save-reverted"
    SAVE_NEVER_SENT = "save-never-sent"
    SAVE_SLOW = "save-slow"
    SAVE_DEBOUNCED = "save-debounced"
    CACHED = "cached"
    CACHED_OFF = "cached-off"
    WORKER_ON = "worker-on"
    WORKER_OFF = "worker-off"
    ROW_STALE = "row-stale"
    ROW_WRONG = "row-wrong"
    ROW_MISSING = "row-missing"
    GONE_404 = "gone-404"
    GONE_TO_INDEX = "gone-to-index"
    GONE_EMPTY = "gone-empty"
    CONFIRM_DIALOG = "confirm-dialog"
    CONFIRM_NATIVE = "confirm-native"
    CONFIRM_KEEPING = "confirm-keeping"
    UNKNOWN_DIALOG = "unknown-dialog"
    OFFER_AFTER = "offer-after"
    TOAST_OVER = "toast-over"
    DISABLED = "disabled"
    TWO_CANDIDATES = "two-candidates"
    INVERTED = "inverted"
    DECOYS_INSIDE = "decoys-inside"
    DECOYS_OUTSIDE = "decoys-outside"
    OTHER_LISTED_PAGE = "other-listed-page"
    OTHER_UNLISTED_PAGE = "other-unlisted-page"
    LATE = "late"
    WRONG_FIRST = "wrong-first"
    BIG = "big"
    BEFOREUNLOAD = "beforeunload"
    POPUP = "popup"
    PAGE_429 = "page-429"
    PAGE_999 = "page-999"
    DATA_429 = "data-429"
    PAGE_500 = "page-500"
    DROPPED = "dropped"
    NEVER_FINISHES = "never-finishes"
    REDIRECT_LOOP = "redirect-loop"
    CHALLENGE = "challenge"
    ARIA_DISAGREES = "aria-disagrees"
    BUTTON = "button"
    FRAME = "frame"
    SHADOW = "shadow"
    REWORDED = "reworded"
    MOVED = "moved"
    SAYS_FAILED = "says-failed"
    RAF = "raf"


class SiteFault(StrEnum):
    """What can be wrong with the whole site."""

    INDEX_LATE = "index-late"
    INDEX_IN_BATCHES = "index-in-batches"
    INDEX_TRICKLES = "index-trickles"
    INDEX_FOLDED = "index-folded"
    INDEX_PICTURES = "index-pictures"
    INDEX_DOWN = "index-down"
    COOKIE_BANNER = "cookie-banner"
    COOKIE_BANNER_MODAL = "cookie-banner-modal"
    CASCADE_GONE = "cascade-gone"
    CASCADE_DISABLED = "cascade-disabled"
    RAISES = "raises"
    UNLISTED = "unlisted"
    SESSION_EXPIRES_ONCE = "session-expires-once"
    SESSION_EXPIRES_ALWAYS = "session-expires-always"
    SIGN_IN_ELSEWHERE = "sign-in-elsewhere"
    FORM_ELSEWHERE = "form-elsewhere"


@dataclass(frozen=True, slots=True)
class Expected:
    """What an honest program must report for the default groups of one account.

    `outcomes` holds the acceptable ones per setting id, `default` those of every other setting.
    """

    outcomes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    default: frozenset[str] = frozenset({"turned-off"})
    status: frozenset[str] = frozenset({"done"})
    exit_codes: frozenset[int] = frozenset({0})
    must_stay: frozenset[str] = frozenset()
    unlisted: tuple[str, ...] = ()
    cookie_answer: str | None = None
    password_posts_at_most: int = 1

    def acceptable(self, setting_id: str) -> frozenset[str]:
        """The outcomes that are true of this setting.

        The cascade may have switched affiliate sharing off before its turn came.
        """
        accepted = self.outcomes.get(setting_id, self.default)
        cascades = setting_id == "affiliate-sharing" and "turned-off" in accepted
        return accepted | {"already-off"} if cascades else accepted


@dataclass(frozen=True, slots=True)
class Scenario:
    """One named way in which the practice site misbehaves."""

    name: str
    description: str
    expected: Expected = Expected()
    faults: Mapping[Fault, frozenset[str]] = field(default_factory=dict)
    site_faults: frozenset[SiteFault] = frozenset()
    sign_in: SignInKind | None = None
    generation: str | None = None
    language: str | None = None
    off_at_start: frozenset[str] = frozenset()

    @property
    def must_stay(self) -> frozenset[str]:
        """Settings and decoys whose truth on the server nobody may change in a run of the default groups."""
        return self.expected.must_stay | ALWAYS_STAY

    def hits(self, fault: Fault, setting_id: str) -> bool:
        """Whether that fault applies to that setting."""
        return setting_id in self.faults.get(fault, ())

    def has(self, fault: SiteFault) -> bool:
        """Whether the whole site has that fault."""
        return fault in self.site_faults

    def ids(self, fault: Fault) -> frozenset[str]:
        """The settings with that fault."""
        return self.faults.get(fault, frozenset())


def among(outcomes: str, setting_ids: str) -> Mapping[str, frozenset[str]]:
    """The same acceptable outcomes for several settings; both arguments are words with spaces between."""
    return MappingProxyType(dict.fromkeys(setting_ids.split(), frozenset(outcomes.split())))


def on(faults: Mapping[Fault, str]) -> Mapping[Fault, frozenset[str]]:
    """Faults and the settings they apply to, which are words with spaces between."""
    return MappingProxyType({fault: frozenset(setting_ids.split()) for fault, setting_ids in faults.items()})
