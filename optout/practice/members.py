"""The settings that the practice site offers, where their pages are, and what holds their state."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

HOME = "/mypreferences/d"
MOBILE = "/mypreferences/m"


@dataclass(frozen=True, slots=True)
class PracticeSetting:
    """One setting: `tail` is its path below `/mypreferences/d`, `old_tail` the one below `/psettings`."""

    id: str
    index: str | None
    section: str
    tail: str
    ctl: str
    old_tail: str
    boxes: tuple[str, ...] = ()
    hint: bool = False
    chips: bool = False
    element_id: str | None = None

    @property
    def path(self) -> str:
        """The path of its own page."""
        return HOME + self.tail

    @property
    def old_path(self) -> str:
        """The older spelling of its path."""
        return "/psettings" + self.old_tail

    @property
    def control_ids(self) -> tuple[str, ...]:
        """The ids of what holds its state: one, or one per box."""
        return tuple(f"{self.id}/{number}" for number in range(1, len(self.boxes) + 1)) or (self.id,)


def _ad(id_: str, section: str, tail: str, ctl: str, old_tail: str = "") -> PracticeSetting:
    return PracticeSetting(id_, "ads", section, tail, ctl, old_tail or f"/advertising/{tail.rsplit('/', 1)[1]}")


def _boxes(id_: str, tail: str, ctl: str, old_tail: str, boxes: tuple[str, ...]) -> PracticeSetting:
    return PracticeSetting(id_, "ads", "profile", tail, ctl, old_tail, boxes=boxes, hint=True)


SETTINGS: tuple[PracticeSetting, ...] = (
    PracticeSetting(
        "ai-training",
        "privacy",
        "usage",
        "/settings/data-for-ai-improvement",
        "trainContentModelsConsent",
        "/privacy/content-models",
    ),
    PracticeSetting(
        "research",
        "privacy",
        "usage",
        "/settings/policy-and-academic-research",
        "allowAnonymizedDataResearch",
        "/privacy/academic-research",
    ),
    _ad("ads-connections", "profile", "/settings/ads-connections", "useConnectionsForAudiences"),
    _ad(
        "ads-companies-followed",
        "profile",
        "/settings/audience-follows",
        "useFollowedOrganizations",
        "/advertising/companies-followed",
    ),
    _ad("ads-groups", "profile", "/settings/ads-based-on-groups", "useGroupMemberships"),
    _boxes(
        "ads-education",
        "/settings/advertising-schools-and-fields",
        "schoolTargeting",
        "/advertising/education",
        ("Practice University, 2011 to 2015", "Rehearsal School of Design, 2016", "Field of study and degree"),
    ),
    _boxes(
        "ads-job-information",
        "/settings/advertising-current-role",
        "roleTargeting",
        "/advertising/job-information",
        ("Current role: Rehearsal Lead", "Earlier role: Stagehand", "Job function and seniority"),
    ),
    _boxes(
        "ads-employer",
        "/settings/advertising-workplace",
        "workplaceTargeting",
        "/advertising/employer",
        ("Practice Works Ltd, since 2020", "Dress Rehearsal GmbH, 2016 to 2020"),
    ),
    _ad("ads-display-format", "profile", "/settings/ads-personalization", "showProfileInAdvertisements"),
    _ad("ads-location", "profile", "/settings/ads-location", "useProfileRegion"),
    _ad("ads-inferred-location", "activity", "/settings/ads-inferred-location", "allowIpToPersonalizeAds"),
    PracticeSetting(
        "ads-interests",
        "ads",
        "activity",
        "/interest-categories",
        "adsPrivacyAllowInterestsAndBehaviors",
        "/advertising/interests",
        hint=True,
        chips=True,
    ),
    _ad("ads-age", "activity", "/settings/ads-by-age", "allowAdsByAge"),
    _ad("ads-gender", "activity", "/settings/ads-by-gender", "allowAdsByGender"),
    _ad("ads-off-linkedin", "elsewhere", "/settings/ads-beyond-linkedin", "allowLinkedInAudienceNetwork"),
    _ad("ads-data-from-others", "elsewhere", "/settings/ads-interactions-with-business", "allowUseOfThirdPartyData"),
    _ad("ads-measure-success", "elsewhere", "/settings/ads-related-actions", "allowConversionTrackings"),
    PracticeSetting(
        "affiliate-sharing",
        "ads",
        "elsewhere",
        "/settings/partner-data-exchange",
        "exchangeWithRelatedCompanies",
        "/data-sharing",
    ),
    PracticeSetting(
        "cookies",
        None,
        "",
        "/member-cookies",
        "nonEssentialCookieConsentLabel",
        "/guest-controls",
        element_id="nonEssentialCookieConsent",
    ),
)

BY_ID = MappingProxyType({setting.id: setting for setting in SETTINGS})
DEFAULT_IDS = tuple(setting.id for setting in SETTINGS if setting.id not in ("research", "cookies"))
CHIPS: tuple[tuple[str, str], ...] = (
    ("interest/career-development", "Career development"),
    ("interest/cloud-computing", "Cloud computing"),
    ("interest/cooking", "Cooking"),
    ("interest/frequent-traveller", "Frequent traveller"),
    ("interest/small-business", "Small business"),
    ("interest/theatre", "Theatre"),
)
UNLISTED = PracticeSetting(
    "unlisted-recommendations",
    "ads",
    "elsewhere",
    "/settings/partner-recommendations",
    "allowPartnerRecommendations",
    "/advertising/partner-recommendations",
)
VISIBILITY = PracticeSetting(
    "decoy-visibility", None, "", "/settings/profile-visibility", "showPublicProfile", "/privacy/profile-visibility"
)
DECOYS: tuple[PracticeSetting, ...] = (UNLISTED, VISIBILITY)
EVERY: tuple[PracticeSetting, ...] = SETTINGS + DECOYS
STATIC_ON = ("theme", *(chip for chip, _ in CHIPS), *(f"decoy/{number}" for number in range(1, 5)))


def first_values(off: frozenset[str] = frozenset()) -> dict[str, str]:
    """Every control's value at the start: on, but for the settings in `off`."""
    values = {control: "off" if setting.id in off else "on" for setting in EVERY for control in setting.control_ids}
    return values | dict.fromkeys(STATIC_ON, "on") | {"theme": "off"}
