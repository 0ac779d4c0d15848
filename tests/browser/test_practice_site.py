"""The practice site in a real Chromium: what its script does, and what a person sees."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from selenium import webdriver
from selenium.common.exceptions import (
    NoSuchElementException,
    StaleElementReferenceException,
    TimeoutException,
)
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from optout.practice.forum import ForumSite
from optout.practice.members import BY_ID, SETTINGS
from optout.practice.records import DEFAULT_PASSWORD, DEFAULT_USERNAME
from optout.practice.site import Latency, PracticeSite
from optout.practice.spa import SpaSite

pytestmark = [pytest.mark.browser, pytest.mark.chromium_only]

ME = DEFAULT_USERNAME
AGE = BY_ID["ads-age"].path
GROUPS = BY_ID["ads-groups"].path
ADS = "/mypreferences/d/categories/ads"
SWITCH = "main input[role=switch]"


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = Options()
    for flag in ("headless=new", "no-sandbox", "disable-background-networking", "disable-component-update"):
        options.add_argument(f"--{flag}")
    for flag in ("disable-sync", "no-first-run", "window-size=1100,900", "disable-dev-shm-usage"):
        options.add_argument(f"--{flag}")
    options.unhandled_prompt_behavior = "ignore"
    driver = webdriver.Chrome(options=options)
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeSite]:
    with PracticeSite(latency=Latency(save_seconds=0.1)) as running:
        yield running


KEEP_WHAT_WAS_DRAWN = """
  window.drawn = [];
  new MutationObserver(() => {
    const box = document.querySelector('main input[role=switch]');
    const now = box ? box.checked : document.querySelectorAll('main li').length;
    if (drawn.at(-1) !== now) drawn.push(now);
  }).observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
"""


class Page:
    """A signed-in member's browser on one scenario."""

    def __init__(self, browser: webdriver.Chrome, site: PracticeSite) -> None:
        self.browser = browser
        self.site = site

    def open(self, path: str) -> None:
        self.browser.get(self.site.origin + path)

    def drawn_on(self, path: str, last: bool | int) -> list[bool | int]:
        """Every state of the switch, or count of rows, from the first that was drawn to the one asked for."""
        script = self.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": KEEP_WHAT_WAS_DRAWN})
        try:
            self.open(path)
            self.until(lambda driver: driver.execute_script("return drawn.at(-1)") == last)
            return list(self.browser.execute_script("return drawn"))
        finally:
            self.browser.execute_cdp_cmd("Page.removeScriptToEvaluateOnNewDocument", script)

    def until(self, is_true: Callable[[webdriver.Chrome], Any], seconds: float = 6) -> Any:
        ignored = (NoSuchElementException, StaleElementReferenceException)
        return WebDriverWait(self.browser, seconds, 0.02, ignored).until(is_true)

    def find(self, css: str, seconds: float = 6) -> WebElement:
        found = self.until(lambda driver: driver.find_element(By.CSS_SELECTOR, css), seconds)
        assert isinstance(found, WebElement)
        return found

    def has(self, css: str) -> bool:
        return bool(self.browser.find_elements(By.CSS_SELECTOR, css))

    def truth(self, setting: str) -> str:
        return self.site.truth(ME)[setting]

    def until_truth(self, setting: str, state: str) -> None:
        self.until(lambda _: self.truth(setting) == state)


@pytest.fixture
def page(browser: webdriver.Chrome, server: PracticeSite) -> Iterator[Callable[[str], Page]]:
    def sign_in(scenario: str) -> Page:
        server.use(scenario)
        page = Page(browser, server)
        page.open("/login")
        page.find("#username").send_keys(ME)
        page.find("#password").send_keys(DEFAULT_PASSWORD)
        page.find("button[type=submit]").click()
        page.until(lambda driver: driver.current_url.endswith("/feed/"))
        return page

    yield sign_in
    first, *others = browser.window_handles
    for handle in others:
        browser.switch_to.window(handle)
        browser.close()
    browser.switch_to.window(first)


def visible_label(page: Page) -> WebElement:
    return page.find(f"{SWITCH} + label")


def test_a_click_on_the_visible_label_flips_at_once_and_saves_in_the_background(page: Callable[[str], Page]) -> None:
    now = page("slow-save")
    now.open(AGE)
    label = visible_label(now)
    assert label.text == "On"
    label.click()
    assert (label.text, now.truth("ads-age")) == ("Off", "on"), "flipped on screen, not yet on the server"
    now.until_truth("ads-age", "off")
    assert now.find("[role=status]").text == "Your change has been saved"


def test_the_flip_says_nothing_of_a_refused_save(page: Callable[[str], Page]) -> None:
    now = page("save-refused-500")
    now.open(AGE)
    visible_label(now).click()
    now.until(lambda _: now.site.operations)
    assert (visible_label(now).text, now.truth("ads-age")) == ("Off", "on")


def test_a_save_is_lost_when_the_page_is_left_too_early(page: Callable[[str], Page]) -> None:
    now = page("slow-save")
    now.open(AGE)
    visible_label(now).click()
    now.until(lambda _: any(each.path == AGE for each in now.site.requests))
    now.open("/feed/")
    now.until(lambda _: now.site.operations)
    assert (now.truth("ads-age"), now.site.operations[0].kept) == ("on", False)


def test_a_toast_goes_away_by_itself(page: Callable[[str], Page]) -> None:
    now = page("plain")
    now.open(AGE)
    visible_label(now).click()
    now.find("[role=status]")
    now.until(lambda _: not now.has("[role=status]"))


def test_a_signed_out_browser_comes_back_to_the_page_it_asked_for(
    browser: webdriver.Chrome, server: PracticeSite
) -> None:
    server.use("plain")
    now = Page(browser, server)
    now.open(AGE)
    now.find("#username").send_keys(ME)
    now.find("#password").send_keys(DEFAULT_PASSWORD)
    now.find("button[type=submit]").click()
    now.until(lambda driver: driver.current_url == server.origin + AGE)
    assert now.find(SWITCH).is_selected()


@pytest.mark.parametrize("generation", ["2026", "2023", "2020"])
def test_every_setting_can_be_switched_off_by_its_own_control(browser: webdriver.Chrome, generation: str) -> None:
    with PracticeSite(generation=generation) as site:
        now = Page(browser, site)
        now.open("/login")
        now.find("#username").send_keys(ME)
        now.find("#password").send_keys(DEFAULT_PASSWORD)
        now.find("button[type=submit]").click()
        now.until(lambda driver: driver.current_url.endswith("/feed/"))
        for setting in SETTINGS:
            now.open(setting.path)
            now.find("section input[type=checkbox]")
            for box in browser.find_elements(By.CSS_SELECTOR, "section:first-of-type input[type=checkbox]"):
                if box.is_selected():
                    browser.execute_script("arguments[0].click()", box)
            now.until_truth(setting.id, "off")
        touched = {operation.setting_id for operation in site.operations}
    assert touched == {setting.id for setting in SETTINGS} - {"affiliate-sharing"}, "that one went with the cascade"


def test_the_confirm_dialog_saves_on_turn_off_and_flips_back_on_cancel(page: Callable[[str], Page]) -> None:
    now = page("confirm-dialog")
    now.open(AGE)
    visible_label(now).click()
    turn_off, cancel = now.browser.find_elements(By.CSS_SELECTOR, "[role=dialog] button")
    assert (turn_off.text, cancel.text) == ("Turn off", "Cancel")
    cancel.click()
    assert (visible_label(now).text, now.site.operations) == ("On", ())
    visible_label(now).click()
    now.find("[role=dialog] button").click()
    now.until_truth("ads-age", "off")


def test_the_browsers_own_dialog_saves_when_it_is_accepted(page: Callable[[str], Page]) -> None:
    now = page("confirm-native")
    now.open(AGE)
    visible_label(now).click()
    alert = now.browser.switch_to.alert
    assert alert.text == "Turn off this setting?"
    alert.accept()
    now.until_truth("ads-age", "off")


def test_an_unknown_dialog_saves_nothing_whatever_is_answered(page: Callable[[str], Page]) -> None:
    now = page("unknown-dialog")
    now.open(AGE)
    visible_label(now).click()
    now.find("[role=dialog] button").click()
    now.until(lambda _: now.site.operations)
    assert [operation.control_id for operation in now.site.operations] == ["dialog/continue"]
    assert now.truth("ads-age") == "on"


def test_the_cookie_banner_comes_back_until_it_is_answered(page: Callable[[str], Page]) -> None:
    now = page("cookie-banner")
    for _ in range(2):
        now.open(AGE)
        now.find(SWITCH)
        accept, reject = now.browser.find_elements(By.CSS_SELECTOR, "[role=dialog] button")
    assert (accept.text, reject.text) == ("Accept", "Reject")
    reject.click()
    now.until(lambda _: now.site.operations)
    now.open(AGE)
    now.find(SWITCH)
    assert not now.has("[role=dialog]")
    assert [(each.control_id, each.after) for each in now.site.operations] == [("cookie-banner", "reject")]


def test_the_modal_cookie_banner_holds_the_page_back(page: Callable[[str], Page]) -> None:
    now = page("cookie-banner-modal")
    now.open(AGE)
    now.find("[role=dialog]")
    with pytest.raises(TimeoutException):
        now.find(SWITCH, seconds=0.5)
    now.browser.find_elements(By.CSS_SELECTOR, "[role=dialog] button")[1].click()
    now.find(SWITCH)


def test_a_service_worker_goes_on_answering_with_old_values_and_ends_with_the_scenario(
    page: Callable[[str], Page],
) -> None:
    now = page("stale-service-worker")
    now.open(ADS)
    now.find("main li")
    now.until(lambda driver: driver.execute_script("return Boolean(navigator.serviceWorker.controller)"))
    now.open(BY_ID["ads-gender"].path)
    assert not now.find(SWITCH).is_selected(), "an old Off, while the server says on"
    assert now.truth("ads-gender") == "on"
    now.site.set(ME, "ads-age", False)
    now.open(AGE)
    assert now.find(SWITCH).is_selected(), "an old On, while the server says off"
    after = page("plain")
    after.open(BY_ID["ads-gender"].path)
    assert after.find(SWITCH).is_selected()


def test_a_cached_page_shows_the_old_value(page: Callable[[str], Page]) -> None:
    now = page("stale-http-cache")
    now.open(AGE)
    now.find(SWITCH)
    now.site.set(ME, "ads-age", False)
    now.open(AGE)
    assert now.find(SWITCH).is_selected()


def test_an_old_cached_page_does_not_reach_into_the_next_scenario(page: Callable[[str], Page]) -> None:
    now = page("stale-http-cache")
    now.open(AGE)
    now.find(SWITCH)
    after = page("all-off")
    after.open(AGE)
    assert not after.find(SWITCH).is_selected()


def test_a_switch_is_drawn_wrong_and_then_right(page: Callable[[str], Page]) -> None:
    now = page("wrong-then-right")
    assert [each for each in now.drawn_on(AGE, True) if isinstance(each, bool)] == [False, True]
    assert now.site.operations == ()


@pytest.mark.parametrize("scenario", ["late-render", "raf-render", "big-page", "beforeunload", "toast-over-control"])
def test_the_control_is_there_in_the_end_and_works(page: Callable[[str], Page], scenario: str) -> None:
    now = page(scenario)
    now.open(AGE)
    box = now.find(SWITCH)
    if scenario == "big-page":
        assert now.browser.execute_script("return document.querySelectorAll('*').length") > 20_000
    now.browser.execute_script("arguments[0].click()", box)
    now.until_truth("ads-age", "off")


def test_a_hidden_tab_never_gets_an_animation_frame(page: Callable[[str], Page]) -> None:
    now = page("raf-render")
    now.browser.execute_cdp_cmd("Target.createTarget", {"url": now.site.origin + AGE, "background": True})
    now.until(lambda driver: len(driver.window_handles) == 2)
    now.browser.switch_to.window(now.browser.window_handles[-1])
    assert now.browser.execute_script("return document.querySelector('h1') === null || !document.hidden")


def test_a_toast_lies_over_the_control_and_has_a_meaning_of_its_own(page: Callable[[str], Page]) -> None:
    now = page("toast-over-control")
    now.open(AGE)
    now.find("[role=status]")
    on_top = "const box = arguments[0].getBoundingClientRect(); return document.elementFromPoint(box.x + 5, box.y + 5)"
    covering = now.browser.execute_script(on_top, visible_label(now))
    assert covering.get_attribute("role") == "status"
    covering.click()
    now.until(lambda _: now.site.operations)
    assert now.site.operations[0].control_id == "decoy/1"


@pytest.mark.parametrize(("scenario", "asks"), [("beforeunload", True), ("plain", False)])
def test_leaving_asks_first_where_the_scenario_says_so(page: Callable[[str], Page], scenario: str, asks: bool) -> None:
    now = page(scenario)
    now.open(AGE)
    now.find(SWITCH)
    leave = "const event = new Event('beforeunload', {cancelable: true}); return !dispatchEvent(event)"
    assert now.browser.execute_script(leave) is asks, "the prompt itself is answered by the driver"


def test_windows_pop_up_on_load_and_on_click(page: Callable[[str], Page]) -> None:
    now = page("popup")
    now.open(AGE)
    now.until(lambda driver: len(driver.window_handles) == 2)
    visible_label(now).click()
    now.until(lambda driver: len(driver.window_handles) == 3)
    now.until_truth("ads-age", "off")


def test_a_button_switch_tells_its_state_by_aria(page: Callable[[str], Page]) -> None:
    now = page("button-switch")
    now.open(AGE)
    button = now.find("main button[role=switch]")
    assert button.get_attribute("aria-checked") == "true"
    button.click()
    assert button.get_attribute("aria-checked") == "false"
    now.until_truth("ads-age", "off")


def test_aria_and_checked_can_disagree(page: Callable[[str], Page]) -> None:
    now = page("aria-disagrees")
    now.open(AGE)
    box = now.find(SWITCH)
    assert (box.is_selected(), box.get_attribute("aria-checked")) == (True, "false")


def test_a_framed_control_works(page: Callable[[str], Page]) -> None:
    now = page("frame-control")
    now.open(AGE)
    assert not now.has(SWITCH)
    now.browser.switch_to.frame(now.find("main iframe"))
    visible_label(now).click()
    now.until_truth("ads-age", "off")
    now.browser.switch_to.default_content()


def test_a_control_in_a_shadow_root_works(page: Callable[[str], Page]) -> None:
    now = page("shadow-control")
    now.open(AGE)
    host = now.find("practice-card")
    assert not now.has(SWITCH)
    now.until(lambda _: host.shadow_root.find_element(By.CSS_SELECTOR, "input + label").text == "On")
    host.shadow_root.find_element(By.CSS_SELECTOR, "input + label").click()
    now.until_truth("ads-age", "off")


def test_decoys_write_under_their_own_names(page: Callable[[str], Page]) -> None:
    now = page("decoys-inside-main")
    now.open(AGE)
    now.find(SWITCH)
    assert len(now.browser.find_elements(By.CSS_SELECTOR, SWITCH)) == 3
    now.browser.find_elements(By.CSS_SELECTOR, f"{SWITCH} + label")[0].click()
    now.find("header label").click()
    now.until(lambda _: len(now.site.operations) == 2)
    assert {operation.control_id for operation in now.site.operations} == {"decoy/1", "theme"}
    assert now.truth("ads-age") == "on"


def test_an_index_arrives_in_batches(page: Callable[[str], Page]) -> None:
    now = page("index-in-batches")
    batches = [count for count in now.drawn_on(ADS, 16) if count]
    assert batches[0] < 16


def test_an_approval_page_goes_on_by_itself(browser: webdriver.Chrome, server: PracticeSite) -> None:
    server.use("approval")
    now = Page(browser, server)
    browser.delete_all_cookies()
    now.open("/login")
    now.find("#username").send_keys(ME)
    now.find("#password").send_keys(DEFAULT_PASSWORD)
    now.find("button[type=submit]").click()
    now.until(lambda driver: "/checkpoint/challenge/" in driver.current_url)
    assert not now.has("input, iframe")
    server.approve(ME)
    now.until(lambda driver: driver.current_url.endswith("/feed/"))


def test_the_forum_saves_with_its_button_only(browser: webdriver.Chrome) -> None:
    with ForumSite() as site:
        browser.get(f"{site.origin}/member/preferences")
        browser.find_element(By.NAME, "member_name").send_keys(ME)
        browser.find_element(By.NAME, "member_pass").send_keys(DEFAULT_PASSWORD)
        browser.find_element(By.NAME, "enter").click()
        browser.find_element(By.NAME, "train_assistant").click()
        browser.find_element(By.CSS_SELECTOR, "input[value=general]").click()
        assert list(site.operations) == []
        browser.find_element(By.NAME, "save").click()
        WebDriverWait(browser, 10).until(lambda _: len(site.operations) >= 2)
        assert {operation.control_id for operation in site.operations} == {"assistant-training", "ad-style"}
        assert (site.truth(ME)["ad-style"], site.truth(ME)["sponsor-sharing"]) == ("off", "on")


def test_the_app_asks_before_it_switches_partner_ads_off(browser: webdriver.Chrome) -> None:
    in_shadows = """
      const find = (root) => { for (const each of root.querySelectorAll('*')) {
        if (each.matches(arguments[0])) return each;
        const inner = each.shadowRoot && find(each.shadowRoot);
        if (inner) return inner; } return null; };
      return find(document);"""
    with SpaSite() as site:
        browser.get(f"{site.origin}/you/privacy")
        browser.find_element(By.NAME, "email").send_keys(ME)
        browser.find_element(By.NAME, "secret").send_keys(DEFAULT_PASSWORD)
        browser.find_element(By.CSS_SELECTOR, "button[data-action=enter]").click()
        wait = WebDriverWait(browser, 6, 0.02)
        wait.until(lambda driver: driver.execute_script(in_shadows, "a[href$=partner-ads]")).click()
        wait.until(lambda driver: driver.current_url.endswith("/you/privacy/partner-ads"))
        wait.until(lambda driver: driver.execute_script(in_shadows, "button[data-setting=partner-ads]")).click()
        wait.until(lambda driver: driver.execute_script(in_shadows, "[role=dialog] #yes"))
        assert list(site.operations) == []
        browser.execute_script(in_shadows.replace("return find(document)", "find(document).click()"), "#yes")
        wait.until(lambda _: site.truth(ME)["partner-ads"] == "off")
        assert [operation.control_id for operation in site.operations] == ["partner-ads"]


def test_no_page_of_the_plain_site_complains_in_the_console(page: Callable[[str], Page]) -> None:
    now = page("plain")
    log: Any = now.browser
    log.get_log("browser")
    for setting in SETTINGS:
        now.open(setting.path)
        now.find("main section input")
    assert log.get_log("browser") == []
