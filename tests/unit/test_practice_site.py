"""The practice site over plain HTTP: pages, sign-in, saves, and the record it keeps."""

from __future__ import annotations

import http.client
import http.cookiejar
import json
import re
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyotp
import pytest

from optout.errors import UsageError
from optout.practice.members import BY_ID, SETTINGS
from optout.practice.records import DEFAULT_PASSWORD, DEFAULT_TOTP_SECRET, DEFAULT_USERNAME
from optout.practice.site import Latency, PracticeAccount, PracticeSite

ME = DEFAULT_USERNAME
ADS = "/mypreferences/d/categories/ads"
AGE = "/mypreferences/d/settings/ads-by-age"


@dataclass(frozen=True)
class Answer:
    """One answer; `url` is where the redirects ended."""

    status: int
    url: str
    text: str
    headers: Any

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.url).path


class Visitor:
    """A browser without a page: cookies, redirects, forms."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.cookies = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def get(self, path: str, **headers: str) -> Answer:
        return self._open(urllib.request.Request(self.origin + path, headers=headers))

    def post(self, path: str, **fields: str) -> Answer:
        return self._open(urllib.request.Request(self.origin + path, urllib.parse.urlencode(fields).encode()))

    def send(self, method: str, path: str, value: Any) -> Answer:
        body = json.dumps(value).encode()
        headers = {"Content-Type": "application/json"}
        return self._open(urllib.request.Request(self.origin + path, body, headers, method=method))

    def sign_in(self, username: str = ME, password: str = DEFAULT_PASSWORD, target: str = "") -> Answer:
        fields = {"session_key": username, "session_password": password, "session_redirect": target}
        return self.post("/checkpoint/lg/login-submit", **fields)

    def data(self, path: str, **headers: str) -> dict[str, Any]:
        answer = self.get(f"/api/page?path={path}", **headers)
        return dict(json.loads(answer.text)) if answer.status == 200 else {"status": answer.status}

    def save(self, control: str, on: bool) -> Answer:
        return self.send("POST", "/api/save", {"id": control, "on": on})

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            answer = self._opener.open(request, timeout=10)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Answer(answer.status, answer.url, answer.read().decode(), answer.headers)


@pytest.fixture(scope="module")
def server() -> Iterator[PracticeSite]:
    with PracticeSite() as running:
        yield running


@pytest.fixture
def site(server: PracticeSite) -> PracticeSite:
    server.use("plain")
    return server


@pytest.fixture
def member(site: PracticeSite) -> Visitor:
    visitor = Visitor(site.origin)
    visitor.sign_in()
    return visitor


def member_under(site: PracticeSite, scenario: str) -> Visitor:
    site.use(scenario)
    visitor = Visitor(site.origin)
    visitor.sign_in()
    return visitor


def values_of_rows(html: str) -> dict[str, str]:
    """Label and value of every row of an index."""
    rows = re.findall(r'<span class="_label_\w+">(.*?)</span>(?:<span class="_value_\w+">(.*?)</span>)?', html)
    return dict(rows)


def is_checked(html: str) -> bool:
    """Whether the page's first switch is checked."""
    switch = re.search(r'<input type="checkbox" role="switch"[^>]*>', html)
    assert switch, html
    return " checked" in switch[0]


def test_a_stranger_is_sent_to_the_sign_in_page_and_back_again(site: PracticeSite) -> None:
    visitor = Visitor(site.origin)
    asked = visitor.get(AGE)
    assert asked.path == "/login"
    assert urllib.parse.parse_qs(urllib.parse.urlsplit(asked.url).query) == {"session_redirect": [AGE]}
    assert visitor.sign_in(target=AGE).path == AGE


def test_the_sign_in_form_has_the_known_fields_and_an_empty_hidden_error(site: PracticeSite) -> None:
    text = Visitor(site.origin).get("/login").text
    assert re.search(r'<input id="username" name="session_key"', text)
    assert re.search(r'<input id="password" name="session_password" type="password"', text)
    assert re.search(r'<div id="error-for-password" class="\w+" hidden></div>', text)


def test_a_wrong_password_stays_outside_and_is_counted(site: PracticeSite) -> None:
    visitor = Visitor(site.origin)
    answer = visitor.sign_in(password="wrong")
    assert answer.path == "/checkpoint/lg/login-submit"
    assert re.search(r'<div id="error-for-password" class="\w+">That', answer.text)
    assert visitor.get("/feed/").path == "/login"
    assert site.password_posts(ME) == 1


def test_signing_in_sets_the_two_cookies(site: PracticeSite) -> None:
    visitor = Visitor(site.origin)
    visitor.sign_in()
    cookies = {cookie.name: cookie for cookie in visitor.cookies}
    assert cookies["li_at"].has_nonstandard_attr("HttpOnly")
    assert cookies["liap"].value == "true"
    assert not cookies["liap"].has_nonstandard_attr("HttpOnly")
    assert (cookies["li_at"].expires or 0) > 0


def test_an_address_of_another_site_is_never_redirected_to(site: PracticeSite) -> None:
    assert Visitor(site.origin).sign_in(target="//example.com/").path == "/feed/"


def test_the_index_lists_every_setting_with_its_value_or_its_hint(site: PracticeSite, member: Visitor) -> None:
    site.set(ME, "ads-age", False)
    rows = values_of_rows(member.data(ADS)["html"])
    assert list(rows) == [
        *("Connections", "Companies you follow", "Groups", "Education and skills", "Job information", "Employer"),
        *("Customized display format", "Profile location", "Inferred city location", "Interests and traits"),
        *("Age range", "Gender", "Ads off LinkedIn", "Data from others for ads", "Measure ad success"),
        "Share data with affiliates and partners",
    ]
    assert rows["Age range"] == "Off"
    assert rows["Groups"] == "On"
    assert rows["Education and skills"] == "Schools &amp; more"
    assert rows["Interests and traits"] == ""


@pytest.mark.parametrize("setting", [each for each in SETTINGS if not each.boxes], ids=lambda each: each.id)
def test_every_page_of_2026_has_one_switch_named_by_its_own_label(member: Visitor, setting: Any) -> None:
    html = member.data(setting.path)["html"]
    switch = re.findall(r'<input type="checkbox" role="switch"[^>]*>', html)
    assert len(switch) == 1
    assert f'aria-labelledby="{setting.ctl}"' in switch[0]
    assert f'<p id="{setting.ctl}"' in html
    assert (" id=" in switch[0]) == (setting.id == "cookies")


def test_a_page_of_boxes_has_one_per_school(member: Visitor) -> None:
    html = member.data(BY_ID["ads-education"].path)["html"]
    assert len(re.findall(r'<input type="checkbox" id="[^"]+"[^>]* checked', html)) == 3
    assert 'role="switch"' not in html


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda each: each.id)
def test_the_older_spelling_leads_to_the_newer_and_the_mobile_one_is_served(member: Visitor, setting: Any) -> None:
    assert member.get(setting.old_path).path == setting.path
    mobile = setting.path.replace("/d/", "/m/")
    assert member.get(mobile).path == mobile


def test_class_names_change_with_the_build_and_with_nothing_else(member: Visitor, site: PracticeSite) -> None:
    with PracticeSite(build="2") as other:
        visitor = Visitor(other.origin)
        visitor.sign_in()
        theirs = visitor.data(AGE)["html"]
    ours = member.data(AGE)["html"]
    assert theirs != ours
    assert re.sub(r"_\w{6}\b", "", theirs) == re.sub(r"_\w{6}\b", "", ours)


@pytest.mark.parametrize(
    ("generation", "marks"),
    [
        ("2026", ("<main", '<h1 class="_title', 'aria-labelledby="allowAdsByAge"')),
        ("2023", ('<div id="main"', '<h4 class="_title', 'class="_switchcheckbox_')),
        ("2020", ('<h1 class="banner-title', 'class="a11y-text"', "config-setting-card__setting-item-primary-desc")),
    ],
)
def test_each_generation_has_its_own_markup(generation: str, marks: tuple[str, ...]) -> None:
    with PracticeSite(generation=generation) as site:
        visitor = Visitor(site.origin)
        visitor.sign_in()
        html = visitor.data(AGE)["html"]
        page = visitor.get(AGE)
    assert [mark for mark in marks if mark not in html] == []
    assert ("a11y-text" in page.text) == (generation == "2020"), "only 2020 is rendered by the server"
    assert page.path == ("/psettings/advertising/ads-by-age" if generation == "2020" else AGE)


@pytest.mark.parametrize(
    ("language", "label", "off"),
    [("de", "Altersgruppe", "Aus"), ("fr", "Tranche d&#x27;âge", "Désactivé"), ("sv", "Ålder", "Av")],
)
def test_pages_speak_the_language(language: str, label: str, off: str) -> None:
    with PracticeSite(language=language) as site:
        site.set(ME, "ads-age", False)
        visitor = Visitor(site.origin)
        visitor.sign_in()
        assert values_of_rows(visitor.data(ADS)["html"])[label] == off
        assert f'<html lang="{language}">' in visitor.get(ADS).text


def test_a_save_changes_the_truth_and_is_recorded(site: PracticeSite, member: Visitor) -> None:
    assert member.save("ads-age", on=False).status == 200
    assert site.truth(ME)["ads-age"] == "off"
    (operation,) = site.operations
    assert (operation.username, operation.control_id, operation.before, operation.after) == (ME, "ads-age", "on", "off")


def test_boxes_fold_into_on_mixed_and_off(site: PracticeSite, member: Visitor) -> None:
    assert site.truth(ME)["ads-employer"] == "on"
    member.save("ads-employer/1", on=False)
    assert site.truth(ME)["ads-employer"] == "mixed"
    member.save("ads-employer/2", on=False)
    assert site.truth(ME)["ads-employer"] == "off"
    assert {operation.setting_id for operation in site.operations} == {"ads-employer"}


def test_the_cascade_switches_affiliate_sharing_off_without_an_operation_of_its_own(
    site: PracticeSite, member: Visitor
) -> None:
    member.save("ads-off-linkedin", on=False)
    assert site.truth(ME)["affiliate-sharing"] == "off"
    assert [operation.control_id for operation in site.operations] == ["ads-off-linkedin"]


@pytest.mark.parametrize("sent", [None, [], {}, {"id": "nothing"}, {"id": 3}, {"id": None, "on": True}])
def test_a_broken_save_changes_nothing(site: PracticeSite, member: Visitor, sent: Any) -> None:
    before = dict(site.truth(ME))
    assert member.send("POST", "/api/save", sent).status == 400
    assert dict(site.truth(ME)) == before
    assert site.operations == ()


def test_a_stranger_can_neither_read_nor_save(site: PracticeSite) -> None:
    visitor = Visitor(site.origin)
    assert visitor.data(AGE) == {"status": 401}
    assert visitor.save("ads-age", on=False).status == 401
    assert site.truth(ME)["ads-age"] == "on"


def test_a_save_is_lost_when_the_connection_is_dropped_before_the_answer() -> None:
    with PracticeSite(latency=Latency(save_seconds=1)) as site:
        visitor = Visitor(site.origin)
        visitor.sign_in()
        cookies = "; ".join(f"{cookie.name}={cookie.value}" for cookie in visitor.cookies)
        connection = http.client.HTTPConnection(site.origin.removeprefix("http://"))
        body = json.dumps({"id": "ads-age", "on": False})
        connection.request("POST", "/api/save", body, {"Cookie": cookies, "Content-Type": "application/json"})
        connection.close()
        assert wait_until(lambda: len(site.operations) == 1)
        assert site.truth(ME)["ads-age"] == "on"
        assert not site.operations[0].kept


def wait_until(is_true: Any) -> bool:
    """Poll for up to five seconds."""
    pause = threading.Event()
    return any(is_true() or pause.wait(0.02) for _ in range(250))


def test_accounts_are_apart_from_each_other() -> None:
    two = (PracticeAccount("a@practice.test", "one"), PracticeAccount("b@practice.test", "two"))
    with PracticeSite(accounts=two) as site:
        visitor = Visitor(site.origin)
        visitor.sign_in("a@practice.test", "one")
        visitor.save("ads-age", on=False)
        assert site.truth("a@practice.test")["ads-age"] == "off"
        assert site.truth("b@practice.test")["ads-age"] == "on"


def test_use_begins_anew(site: PracticeSite, member: Visitor) -> None:
    member.save("ads-age", on=False)
    site.use("german")
    assert (site.operations, site.requests, site.truth(ME)["ads-age"]) == ((), (), "on")
    assert member.get("/feed/").path == "/login"


def test_requests_are_recorded_with_their_headers_and_who_made_them(site: PracticeSite, member: Visitor) -> None:
    member.get(AGE, **{"Sec-GPC": "1"})
    last = site.requests[-1]
    assert (last.method, last.path, last.status, last.username) == ("GET", AGE, 200, ME)
    assert last.headers["sec-gpc"] == "1"


@pytest.mark.parametrize(
    ("kind", "form", "field"),
    [
        ("emailed-code", "email-pin-challenge", "input__email_verification_pin"),
        ("two-step", "two-step-challenge", "input__phone_verification_pin"),
        ("totp", "two-step-challenge", "input__phone_verification_pin"),
    ],
)
def test_a_code_lets_in_and_a_wrong_one_does_not(kind: Any, form: str, field: str) -> None:
    with PracticeSite(accounts=(PracticeAccount(sign_in=kind),)) as site:
        visitor = Visitor(site.origin)
        asked = visitor.sign_in(target=AGE)
        assert asked.path.startswith("/checkpoint/challenge/")
        assert f'<form id="{form}"' in asked.text
        assert f'<input id="{field}" name="pin"' in asked.text
        token = asked.path.rsplit("/", 1)[1]
        wrong = visitor.post("/checkpoint/challenge/verify", challenge=token, pin="not it")
        assert "That code is not right" in wrong.text
        right = site.last_code(ME) if kind != "totp" else pyotp.TOTP(DEFAULT_TOTP_SECRET).now()
        assert visitor.post("/checkpoint/challenge/verify", challenge=token, pin=str(right)).path == AGE


def test_approval_has_neither_field_nor_captcha_and_goes_on_after_yes() -> None:
    with PracticeSite(accounts=(PracticeAccount(sign_in="approval"),)) as site:
        visitor = Visitor(site.origin)
        asked = visitor.sign_in()
        assert "<input" not in asked.text
        assert "<iframe" not in asked.text
        token = asked.path.rsplit("/", 1)[1]
        assert json.loads(visitor.get(f"/checkpoint/challenge/status/{token}").text) == {}
        assert visitor.get(f"/checkpoint/challenge/approved/{token}").path == "/login"
        site.approve(ME)
        status = json.loads(visitor.get(f"/checkpoint/challenge/status/{token}").text)
        assert visitor.get(status["next"]).path == "/feed/"


@pytest.mark.parametrize("scenario", ["captcha", "approval", "unknown-challenge", "fake-nav-challenge", "emailed-code"])
def test_a_challenge_page_has_navigation_and_signs_nobody_in(site: PracticeSite, scenario: str) -> None:
    visitor = member_under(site, scenario)
    page = visitor.sign_in()
    assert "<nav" in page.text
    assert "<header" in page.text
    assert ("global-nav__me" in page.text) == (scenario == "fake-nav-challenge")
    assert {cookie.name for cookie in visitor.cookies} == set()
    assert visitor.get("/feed/").path == "/login"


def test_every_page_says_that_it_is_a_practice_site(site: PracticeSite, member: Visitor) -> None:
    stranger = Visitor(site.origin)
    for answer in (
        stranger.get("/login"),
        member.get("/feed/"),
        member.get(ADS),
        member.get(AGE),
        member.get("/help/"),
    ):
        assert "· Practice site</title>" in answer.text
        assert "It is not LinkedIn" in answer.text


def test_many_requests_go_over_one_connection(site: PracticeSite) -> None:
    connection = http.client.HTTPConnection(site.origin.removeprefix("http://"))
    connection.connect()
    assert connection.sock is not None
    port = connection.sock.getsockname()[1]
    for _ in range(3):
        connection.request("GET", "/login")
        answer = connection.getresponse()
        answer.read()
        assert answer.version == 11
        assert connection.sock is not None
        assert connection.sock.getsockname()[1] == port
    connection.close()


def test_stop_does_not_wait_for_open_connections_and_frees_the_port() -> None:
    site = PracticeSite().start()
    port = int(site.origin.rsplit(":", 1)[1])
    idle = http.client.HTTPConnection("127.0.0.1", port)
    idle.request("GET", "/login")
    idle.getresponse().read()
    assert idle.sock is not None
    idle.sock.settimeout(2)
    site.stop()
    assert idle.sock.recv(1) == b"", "the open connection was dropped"
    with PracticeSite(port=port) as again:
        assert again.origin == f"http://127.0.0.1:{port}"
    idle.close()


def test_a_taken_port_is_refused_with_the_command_that_helps(site: PracticeSite) -> None:
    port = int(site.origin.rsplit(":", 1)[1])
    with pytest.raises(UsageError) as refusal:
        PracticeSite(port=port).start()
    assert str(refusal.value) == (
        f"Port {port} on 127.0.0.1 is taken by another program. Choose another one, or none: optout practice --port 0"
    )


@pytest.mark.parametrize(
    ("appearance", "message"),
    [
        (
            {"scenario": "nonsense"},
            "There is no practice scenario “nonsense”. To list them: optout practice --list",
        ),
        (
            {"generation": "1999"},
            "The practice site has no generation “1999”. "
            "Choose one of 2026, 2023, 2020, mixed: optout practice --generation 2026",
        ),
        (
            {"language": "xx"},
            "The practice site has no language “xx”. "
            "Choose one of en, de, fr, es, it, pt, sv: optout practice --language en",
        ),
    ],
)
def test_an_unknown_appearance_is_refused(appearance: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        PracticeSite(**appearance)  # type: ignore[arg-type]
    assert str(refusal.value) == message
