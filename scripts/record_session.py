"""Record a real run on the practice site, in a real terminal, as docs/images/session.svg.

    python scripts/record_session.py            # needs pyte (pip install pyte) and a browser

What the program prints goes through a terminal emulator; each screen that differs from the one before becomes a
frame, shown as long as it stood there (a pause is cut to two seconds). Nothing is written by hand.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

ROWS, COLUMNS = 34, 86
COMMAND = ("run", "--practice")
PROMPT = "$ "
FRAME_SECONDS, LONGEST_SECONDS, LAST_SECONDS = 0.4, 2.0, 12.0
CELL_WIDTH, LINE_HEIGHT, MARGIN = 8.43, 18, 14
TARGET = Path(__file__).parents[1] / "docs" / "images" / "session.svg"
COLOURS = {"green": "#7bd39a", "brown": "#f2c27e", "cyan": "#8ad4e0", "magenta": "#d3a6e8", "red": "#f2a27e"}
STYLE = """text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
white-space:pre;fill:#e4e8ec}.b{font-weight:700}"""


def main() -> None:
    """Record, and write the picture."""
    frames = recorded()
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(as_svg(frames), encoding="utf-8")
    print(f"{TARGET}: {len(frames)} frames, {TARGET.stat().st_size // 1024} KB")  # noqa: T201


def recorded() -> list[tuple[float, list[str]]]:
    """The screens of one run, each with the seconds that it stood."""
    screen = pyte.Screen(COLUMNS, ROWS)
    stream = pyte.ByteStream(screen)
    stream.feed((PROMPT + "optout " + " ".join(COMMAND) + "\r\n").encode())
    frames = [(1.0, drawn(screen))]
    since = time.monotonic()
    for chunk in output():
        stream.feed(chunk)
        moment = time.monotonic()
        lines = drawn(screen)
        if lines != frames[-1][1] and moment - since >= FRAME_SECONDS:
            frames[-1] = (min(moment - since, LONGEST_SECONDS), frames[-1][1])
            frames.append((FRAME_SECONDS, lines))
            since = moment
    return [*frames, (LAST_SECONDS, drawn(screen))]


def output() -> Iterator[bytes]:
    """What the program writes to its terminal, as it comes; empty chunks tell that time passes."""
    with tempfile.TemporaryDirectory() as home:
        environ = {**os.environ, "OPTOUT_HOME": f"{home}/optout", "TERM": "xterm-256color", "COLORTERM": ""}
        process, terminal = pty.fork()
        if process == 0:
            os.execve(sys.executable, [sys.executable, "-m", "optout", *COMMAND], environ)  # noqa: S606
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        while True:
            if not select.select([terminal], [], [], 0.1)[0]:
                yield b""
                continue
            try:
                chunk = os.read(terminal, 65536)
            except OSError:
                chunk = b""
            if not chunk:
                break
            # The home of the recording is nobody's: it would only be a long path.
            yield chunk.replace(home.encode(), b"~")
        os.waitpid(process, 0)


def drawn(screen: pyte.Screen) -> list[str]:
    """The screen's lines as SVG text, runs of one look together."""
    lines = []
    for row in range(ROWS):
        cells = [screen.buffer[row][column] for column in range(COLUMNS)]
        spans, column = [], 0
        for (colour, is_bold), run in groupby(cells, key=lambda cell: (cell.fg, cell.bold)):
            text = "".join(cell.data for cell in run)
            if text.strip():
                look = f' fill="{COLOURS[colour]}"' if colour in COLOURS else ""
                look += ' class="b"' if is_bold else ""
                at = MARGIN + (column + len(text) - len(text.lstrip())) * CELL_WIDTH
                length = f' textLength="{len(text.strip()) * CELL_WIDTH:.1f}"'
                spans.append(f'<tspan x="{at:.1f}"{length}{look}>{escape(text.strip())}</tspan>')
            column += len(text)
        lines.append("".join(spans))
    return lines


def as_svg(frames: list[tuple[float, list[str]]]) -> str:
    """The frames as one picture that plays by itself; the last one stands still for who wants no motion."""
    total = sum(seconds for seconds, _ in frames)
    width, height = COLUMNS * CELL_WIDTH + 2 * MARGIN, ROWS * LINE_HEIGHT + 2 * MARGIN
    styles, groups, begun = [STYLE], [], 0.0
    for number, (seconds, lines) in enumerate(frames):
        first, last = 100 * begun / total, 100 * (begun + seconds) / total
        begun += seconds
        hidden = "" if number == 0 else f"0%,{first:.2f}%{{visibility:hidden}}"
        after = "" if number == len(frames) - 1 else f"{last:.2f}%,100%{{visibility:hidden}}"
        shown = f"{first + 0.01:.2f}%,{last - 0.01:.2f}%{{visibility:visible}}"
        styles.append(f"@keyframes f{number}{{{hidden}{shown}{after}}}")
        styles.append(f".f{number}{{visibility:hidden;animation:f{number} {total:.1f}s step-end infinite}}")
        text = "".join(
            f'<text y="{MARGIN + (row + 0.8) * LINE_HEIGHT:.0f}">{line}</text>'
            for row, line in enumerate(lines)
            if line
        )
        groups.append(f'<g class="f{number}">{text}</g>')
    still = f".f{len(frames) - 1}{{animation:none;visibility:visible}}"
    others = ",".join(f".f{number}" for number in range(len(frames) - 1))
    styles.append(f"@media (prefers-reduced-motion:reduce){{{others}{{animation:none}}{still}}}")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img" '
        f'aria-label="A recorded run of optout on the practice site">'
        f"<style>{''.join(styles)}</style>"
        f'<rect width="100%" height="100%" rx="8" fill="#14171b"/>{"".join(groups)}</svg>\n'
    )


if __name__ == "__main__":
    main()
