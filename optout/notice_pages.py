"""Fetching a watched page and taking its readable text, paragraph by paragraph."""

from __future__ import annotations

import re
import time
import unicodedata
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import requests
from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString

from optout.errors import PageError
from optout.origins import is_loopback, is_same_origin

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optout.catalogue.models import Notice, Service

CONNECT_SECONDS = 10.0
SILENCE_SECONDS = 20.0
PAGE_SECONDS = 60.0
LARGEST_BYTES = 5_000_000
CHUNK_BYTES = 65_536
MOST_REDIRECTS = 5
FEWEST_WORDS = 20
# A page with a password field and less text than this is a sign-in page, whatever its address.
WALL_WORDS = 200
BLOCKED = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.UNAVAILABLE_FOR_LEGAL_REASONS})

NOISE = (
    "script, style, noscript, template, svg, iframe, nav, dialog, [role=dialog], [role=alertdialog], [role=navigation]"
)
FRAME = "header, footer, [role=banner], [role=contentinfo]"
BLOCKS = (
    "address article aside blockquote body br caption center dd details div dl dt fieldset figcaption figure footer "
    "form h1 h2 h3 h4 h5 h6 header hr li main ol p pre section summary table tbody td tfoot th thead tr ul"
)


class UnfetchedError(PageError):
    """A watched page could not be read; the text that was kept stays."""


class SlowDownError(UnfetchedError):
    """The site asked to slow down: its other pages are left alone in this run."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page's readable text: one string per paragraph, and the language that the page says it is in."""

    url: str
    language: str
    paragraphs: tuple[str, ...]


def fetch_page(service: Service, notice: Notice, language: str, program_version: str) -> Page:
    """The notice's readable text.

    Raises `SlowDownError` where the site asks to slow down, and `UnfetchedError` for everything else that is not
    the notice: offline, refused, a sign-in page, an empty, foreign or too large one.
    """
    with requests.Session() as session:
        # Without this, requests would look for a password in ~/.netrc.
        session.auth = _without_password
        session.headers.update(
            {
                "User-Agent": f"optout/{program_version} (watches privacy notices for one person)",
                "Accept": "text/html, text/plain;q=0.5",
                "Accept-Language": language if language == "en" else f"{language}, en;q=0.3",
                "Sec-GPC": "1",
            }
        )
        try:
            url, body = _load(session, service, notice.url)
        except requests.exceptions.SSLError as error:
            raise UnfetchedError(
                "its certificate was not accepted; is a proxy or the clock of this machine wrong?"
            ) from error
        except requests.exceptions.Timeout as error:
            raise UnfetchedError("it did not answer in time; try again later") from error
        except (requests.exceptions.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
            raise UnfetchedError("it could not be reached; is this machine online?") from error
        except requests.exceptions.RequestException as error:
            raise UnfetchedError(f"it could not be loaded ({type(error).__name__})") from error
    return _page(service, url, body)


def _without_password(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _load(session: requests.Session, service: Service, url: str) -> tuple[str, bytes]:
    deadline = time.monotonic() + PAGE_SECONDS
    for _ in range(MOST_REDIRECTS + 1):
        response = session.get(url, stream=True, allow_redirects=False, timeout=(CONNECT_SECONDS, SILENCE_SECONDS))
        with response:
            if not response.is_redirect:
                _check_status(service, response)
                return url, _body(response, deadline)
            url = _redirected(service, url, response.headers["location"])
    raise UnfetchedError(f"it was redirected more than {MOST_REDIRECTS} times")


def _redirected(service: Service, url: str, location: str) -> str:
    target = urljoin(url, location)
    try:
        parts = urlsplit(target)
        is_followed = _is_same_site(url, target) and (
            parts.scheme == "https" or (is_loopback(url) and is_loopback(target))
        )
    except ValueError:
        raise UnfetchedError("it was redirected to an address that is none") from None
    if _is_sign_in(service, target):
        raise UnfetchedError(f"it asks for a sign-in ({parts.path}); read it in a browser where you are signed in")
    if not is_followed:
        raise UnfetchedError(
            f"it was redirected to {parts.scheme}://{parts.netloc}, which is not the same site over https"
        )
    return target


def _is_same_site(one: str, other: str) -> bool:
    first, second = (urlsplit(url) for url in (one, other))
    hosts = [(parts.hostname or "").removeprefix("www.") for parts in (first, second)]
    if is_loopback(one) or is_loopback(other):
        return is_same_origin(one, other)
    return hosts[0] == hosts[1] or hosts[0].endswith(f".{hosts[1]}") or hosts[1].endswith(f".{hosts[0]}")


def _is_sign_in(service: Service, url: str) -> bool:
    if service.signin is None:
        return False
    path = urlsplit(url).path.rstrip("/") + "/"
    walls = (service.signin.page, *service.signin.signed_out_paths, *service.signin.challenge_paths)
    return any(path.startswith(wall.rstrip("/") + "/") for wall in walls if wall != "/")


def _check_status(service: Service, response: requests.Response) -> None:
    status = response.status_code
    if status in service.slow_down.statuses or status == HTTPStatus.TOO_MANY_REQUESTS:
        raise SlowDownError(f"the site asked to slow down (HTTP {status}); try again tomorrow")
    if status in BLOCKED:
        raise UnfetchedError(f"the site refuses programs here (HTTP {status}); read it in a browser")
    if status != HTTPStatus.OK:
        raise UnfetchedError(f"the site answered with HTTP {status}")
    kind = response.headers.get("content-type", "text/html").partition(";")[0].strip().lower()
    if kind not in ("text/html", "application/xhtml+xml", "text/plain"):
        raise UnfetchedError(f"it is no page of text but {kind}")


def _body(response: requests.Response, deadline: float) -> bytes:
    body = bytearray()
    for chunk in response.iter_content(CHUNK_BYTES):
        body += chunk
        if len(body) > LARGEST_BYTES:
            raise UnfetchedError(f"it is larger than {LARGEST_BYTES // 1_000_000} MB")
        if time.monotonic() > deadline:
            raise UnfetchedError(f"it took longer than {PAGE_SECONDS:.0f} s; try again later")
    return bytes(body)


def _page(service: Service, url: str, body: bytes) -> Page:
    soup = BeautifulSoup(body, "html.parser")
    language = str(soup.html.get("lang") or "")[:2].lower() if soup.html else ""
    has_password = soup.select_one("input[type=password]") is not None
    paragraphs = readable_paragraphs(soup, tuple(known.css for known in service.main))
    words = sum(len(paragraph.split()) for paragraph in paragraphs)
    if has_password and words < WALL_WORDS:
        raise UnfetchedError("it asks for a sign-in; read it in a browser where you are signed in")
    if words < FEWEST_WORDS:
        raise UnfetchedError("the page came without its text")
    return Page(url, language, paragraphs)


def readable_paragraphs(soup: BeautifulSoup, main: tuple[str, ...]) -> tuple[str, ...]:
    """The paragraphs of the page's main region, hidden ones (folded answers) included; of its body where that is bare.

    Changes `soup`: what is no text for readers is taken out.
    """
    for noise in soup.select(NOISE):
        noise.decompose()
    for css in (*main, "article"):
        region = soup.select_one(css)
        paragraphs = tuple(_paragraphs(region)) if region else ()
        if sum(len(paragraph.split()) for paragraph in paragraphs) >= FEWEST_WORDS:
            return paragraphs
    for frame in soup.select(FRAME):
        frame.decompose()
    return tuple(_paragraphs(soup.body or soup))


def _paragraphs(region: Tag) -> Iterator[str]:
    pieces: list[str] = []
    inside: Tag | None = None
    for node in region.descendants:
        block = _nearest_block(node, region)
        if block is not inside or _is_block(node):
            yield from _joined(pieces)
            pieces, inside = [], block
        # Comments, doctypes and the like are strings too.
        if isinstance(node, NavigableString) and not isinstance(node, PreformattedString):
            pieces.append(str(node))
    yield from _joined(pieces)


def _is_block(node: object) -> bool:
    return isinstance(node, Tag) and f" {node.name} " in f" {BLOCKS} "


def _nearest_block(node: object, region: Tag) -> Tag:
    parent = getattr(node, "parent", None)
    while isinstance(parent, Tag) and parent is not region and not _is_block(parent):
        parent = parent.parent
    return parent if isinstance(parent, Tag) else region


def _joined(pieces: list[str]) -> Iterator[str]:
    text = unicodedata.normalize("NFC", " ".join("".join(pieces).split()))
    # Zero-width and control characters are invisible differences, or orders to the terminal.
    text = "".join(character for character in text if character.isprintable())
    text = re.sub(r" {2,}", " ", text).strip()
    if text:
        yield text
