"""Reading an index: which rows it has, whose they are, and what they show."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from optout.absence import Stray, doubt_of, gap_in, named_in, spoken_in
from optout.browser.recognition import PageKind, Recognized, is_under, recognize, signs_to_look_for
from optout.browser.tab import Tab
from optout.browser.views import PageView, RowView, page_view, trim_path
from optout.browser.waiting import Stop
from optout.catalogue.models import Index, Setting
from optout.controls import Timing
from optout.directory import Directory
from optout.errors import PageError
from optout.obstacles import Obstacles
from optout.outcomes import Reading, State, Unlisted, now
from optout.phrases import normalize
from optout.visits import Visitor

# Where rows are missing and ever more are drawn, in seconds.
WAIT_AT_MOST = 20.0


@dataclass(frozen=True, slots=True)
class Row:
    """A setting's row. `label_known`: its label is the setting's own, so two witnesses speak for its value."""

    path: str
    label: str
    state: State | None
    label_known: bool


@dataclass(frozen=True, slots=True)
class IndexReading:
    """An index as it was seen once.

    `gap`: why it did not show all that an index of this service shows, in words that follow "its index". `strays`:
    its rows of no setting. `languages`: those it may be in. `failure`: the text by which it says that it failed.
    `named`: the settings whose labels stand in it, in rows or anywhere.
    """

    index: Index
    url: str
    selector: str
    rows: Mapping[str, Row] = field(default_factory=dict)
    unlisted: tuple[Unlisted, ...] = ()
    problem: str | None = None
    gap: str | None = "was not read"
    strays: tuple[Stray, ...] = ()
    languages: frozenset[str] = frozenset()
    failure: str | None = None
    named: frozenset[str] = frozenset()

    @property
    def is_whole(self) -> bool:
        """Whether it loaded whole (rule 5)."""
        return self.gap is None

    def doubt_of_absence(self, directory: Directory, setting: Setting) -> str | None:
        """Why it does not prove that a setting is not offered, in words that follow "its index"; None if it does."""
        if setting.id in self.rows:
            return "lists it"
        named = "names it, but in no row that can be followed" if setting.id in self.named else None
        return self.gap or doubt_of(directory, setting, self.strays, self.languages) or named

    def reading(self, setting_id: str) -> Reading | None:
        """The value that the index shows for a setting, as a reading; None if it shows none."""
        row = self.rows.get(setting_id)
        if row is None or row.state is None:
            return None
        return Reading(row.state, self.url, self.selector, now(), (f"row '{row.label}'", f"path {row.path}"))


class IndexPage:
    """Loads and reads one index in a tab."""

    def __init__(
        self, tab: Tab, directory: Directory, index: Index, visitor: Visitor, timing: Timing, stop: Stop
    ) -> None:
        self._tab = tab
        self._directory = directory
        self._index = index
        self._visitor = visitor
        self._timing = timing
        self._stop = stop
        self._obstacles = Obstacles(tab, directory)

    def load_and_read(self) -> tuple[IndexReading, Recognized]:
        """A fresh load of the index (or the one that was just made), read once it shows all its rows or no more come.

        Raises `PageError` when it cannot be loaded at all.
        """
        result: tuple[IndexReading, Recognized] | None = None
        for version in self._index.paths:
            self._visitor.arrive(self._tab, version.path)
            result = self.read(version.path)
            reading, recognized = result
            if recognized.kind is not PageKind.NOT_THERE and (recognized.kind is not PageKind.READY or reading.rows):
                return result
        assert result is not None  # noqa: S101 -- an index has at least one path
        return result

    def read(self, path: str) -> tuple[IndexReading, Recognized]:
        """Read the index that was just loaded from `path`. Raises `PageError` where it says that it failed."""
        reading, recognized = self._read_within(path, self._timing.index)
        if not reading.rows and recognized.kind is PageKind.READY:
            with self._tab.in_front():
                reading, recognized = self._read_within(path, self._timing.in_front)
        if reading.failure and recognized.kind is PageKind.READY:
            raise PageError(f"{reading.url}: the page says that it failed: '{reading.failure}'")
        return reading, recognized

    def _read_within(self, path: str, seconds: float) -> tuple[IndexReading, Recognized]:
        """Look until it is complete, or `seconds` after the last look that showed more rows than any before."""
        began = grown = time.monotonic()
        most = 0
        expected = {one.id for one in self._directory.service.settings if one.index == self._index.id}
        before: IndexReading | None = None
        while True:
            self._tab.traffic.wait_quiet(still=self._timing.still, within=self._timing.quiet)
            view, recognized = self._look()
            if recognized.kind is not PageKind.READY:
                return IndexReading(self._index, view.url, "", problem=recognized.detail), recognized
            if len(view.rows) > most:
                most, grown = len(view.rows), time.monotonic()
            is_over = time.monotonic() >= min(grown + seconds, began + WAIT_AT_MOST)
            if view.controlled and not self._tab.is_past_workers:
                if is_over:
                    raise PageError(f"{view.url} came by way of a service worker, not from the server")
                self._visitor.reopen_without_worker(self._tab, path)
                continue
            latest = read_rows(self._directory, self._index, view)
            complete = expected <= latest.rows.keys()
            steady = before is not None and before.rows == latest.rows and before.unlisted == latest.unlisted
            missed = self._tab.traffic.unread(self._directory.service.origin)
            if missed and is_over:
                raise PageError(f"{view.url}: {missed}")
            if (complete and steady and not missed) or is_over:
                return latest, recognized
            if not latest.rows:
                self._obstacles.refuse_banner()
            before = latest
            self._stop.pause(self._timing.stable)

    def _look(self) -> tuple[PageView, Recognized]:
        service = self._directory.service
        spec = {
            "main": [one.css for one in service.main],
            "signs": signs_to_look_for(service),
            "rows": [one.css for one in self._index.rows],
        }
        view = page_view(self._tab.ask("rows", spec))
        return view, recognize(service, view, self._tab.traffic.status_of(view.url, view.status))


def read_rows(directory: Directory, index: Index, view: PageView) -> IndexReading:
    """The rows of one look at an index: whose they are and what they show. Pure."""
    rows: dict[str, Row] = {}
    doubtful: set[str] = set()
    unlisted: dict[str, Unlisted] = {}
    strays: list[Stray] = []
    for row in view.rows:
        if _origin(row.href) != directory.service.origin or _is_an_index(directory, row.path):
            continue
        label, state = label_and_state(directory, row, view.lang)
        owner, label_known = whose(directory, row, label)
        if owner is None:
            if is_under(row.path, directory.service.setting_paths) and not directory.owners_of_path(row.path):
                unlisted[row.path] = Unlisted(label, row.href, state or State.UNKNOWN)
            claimed = directory.owners_of_path(row.path) | directory.owners_of_row([label, row.label])
            strays.append(Stray(label, claimed))
            continue
        found = Row(row.path, label, state, label_known)
        if owner in rows and rows[owner] != found:
            doubtful.add(owner)
        rows[owner] = found
    for owner in doubtful:
        strays.append(Stray(rows.pop(owner).label, frozenset({owner})))
    version = next((one.id for one in index.rows if one.css == view.rows_css), "")
    return IndexReading(
        index,
        view.url,
        version,
        rows,
        tuple(unlisted.values()),
        gap=gap_in(directory, index, rows, view),
        strays=tuple(strays),
        languages=spoken_in(directory, view, {key: row.label for key, row in rows.items() if row.label_known}),
        failure=None if view.rows else directory.trouble_in(view.said),
        named=named_in(directory, view.said),
    )


def label_and_state(directory: Directory, row: RowView, lang: str) -> tuple[str, State | None]:
    """A row's label and the value it shows, by the words of the page's language."""
    texts = list(row.texts) or [row.label]
    on = {normalize(word) for words in directory.vocabularies(lang) for word in words.on}
    off = {normalize(word) for words in directory.vocabularies(lang) for word in words.off}
    label = next((text for text in texts if directory.owners_of_row([text])), None)
    if label is None:
        label = next((text for text in texts if normalize(text) not in on | off), texts[0])
    rest = [normalize(text) for text in (*texts, *row.pictures) if text != label]
    label, tail = _split_value(directory, label, on | off)
    rest += [tail] if tail else []
    shown = {State.ON for text in rest if text in on} | {State.OFF for text in rest if text in off}
    if len(shown) > 1:
        return label, State.UNKNOWN
    return label, next(iter(shown), None)


def whose(directory: Directory, row: RowView, label: str) -> tuple[str | None, bool]:
    """The setting that a row belongs to, and whether its label says so; None when nobody's, or when path and
    label point to different settings.
    """
    by_path = directory.owners_of_path(row.path)
    by_label = directory.owners_of_row([label, row.label])
    both = by_path & by_label
    if len(both) == 1:
        return next(iter(both)), True
    if by_path and by_label:
        return None, False
    if len(by_label) == 1:
        return next(iter(by_label)), True
    if len(by_path) == 1:
        return next(iter(by_path)), False
    return None, False


def merge(readings: Sequence[IndexReading]) -> tuple[Unlisted, ...]:
    """Every unlisted row once."""
    found: dict[str, Unlisted] = {}
    for reading in readings:
        for row in reading.unlisted:
            found[row.url] = row
    return tuple(found.values())


def failed_index(index: Index, service_origin: str, error: PageError) -> IndexReading:
    """The reading of an index that could not be loaded."""
    return IndexReading(index, service_origin + index.paths[0].path, "", problem=str(error))


def _split_value(directory: Directory, text: str, values: set[str]) -> tuple[str, str | None]:
    """`Age range On` in one text: the label and its value, where the label is known."""
    head, _, tail = text.rpartition(" ")
    if head and normalize(tail) in values and directory.owners_of_row([head]):
        return head, normalize(tail)
    return text, None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_an_index(directory: Directory, path: str) -> bool:
    return any(path == trim_path(one.path) for index in directory.service.indexes for one in index.paths)
