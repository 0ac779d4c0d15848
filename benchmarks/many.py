"""A made-up service with as many settings as one likes: its site, and its selectors file."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = """<!doctype html><html lang="en"><title>{title}</title><main id="main"><h1>{title}</h1>{body}</main>
<script>
for (const box of document.querySelectorAll("input")) box.onchange = () => fetch("/save", {{
  method: "POST",
  headers: {{"content-type": "application/json"}},
  body: JSON.stringify({{name: box.id, on: box.checked}}),
}})
</script></html>"""


def selectors(count: int) -> str:
    """A catalogue (JSON is YAML) of one service with so many settings and one index."""
    seen = {"id": "2026", "seen": "2026-11-01", "evidence": "local"}
    words = {"on": ["On"], "off": ["Off"]}
    settings = [
        {
            "id": f"setting-{number}",
            "group": "all",
            "title": f"Setting {number}",
            "index": "list",
            "labels": {"en": [f"Setting {number}"]},
            "paths": [{**seen, "path": f"/settings/{number}"}],
            "controls": [{**seen, "css": f'input[role="switch"][id="ctl-{number}"]', "ctl": f"ctl-{number}"}],
        }
        for number in range(count)
    ]
    service = {
        "id": "many",
        "title": "Many",
        "origin": "http://127.0.0.1:8000",
        "main": [{**seen, "css": "main"}],
        "groups": [{"id": "all", "title": "All"}],
        "setting_paths": ["/settings/"],
        "indexes": [
            {
                "id": "list",
                "title": "List",
                "paths": [{**seen, "path": "/list"}],
                "rows": [{**seen, "css": "main li a"}],
            }
        ],
        "settings": settings,
    }
    document = {"format": 1, "catalogue": "2026-11-01", "languages": {"en": words}, "services": [service]}
    return json.dumps(document, indent=1)


def serve(count: int, page_seconds: float, save_seconds: float) -> None:
    """Serve so many settings, all on, until standard input ends."""
    from flask import Flask, request  # noqa: PLC0415
    from werkzeug.serving import make_server  # noqa: PLC0415

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app, on = Flask(__name__), dict.fromkeys(range(count), True)

    @app.get("/list")
    def index() -> str:
        time.sleep(page_seconds)
        rows = "".join(
            f'<li><a href="/settings/{one}"><span>Setting {one}</span> <span>{"On" if is_on else "Off"}</span></a></li>'
            for one, is_on in on.items()
        )
        return PAGE.format(title="List", body=f"<ul>{rows}</ul>")

    @app.get("/settings/<int:one>")
    def setting(one: int) -> str:
        time.sleep(page_seconds)
        box = f'<input type="checkbox" role="switch" id="ctl-{one}" {"checked" if on[one] else ""}>'
        return PAGE.format(title=f"Setting {one}", body=f'{box}<label for="ctl-{one}">Setting {one}</label>')

    @app.post("/save")
    def save() -> tuple[str, int]:
        time.sleep(save_seconds)
        on[int(request.get_json()["name"].removeprefix("ctl-"))] = bool(request.get_json()["on"])
        return "", 204

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


@contextmanager
def many_settings(folder: Path, count: int, page_seconds: float, save_seconds: float) -> Iterator[tuple[str, Path]]:
    """The site in another process: its origin, and its selectors file."""
    file = folder / f"many-{count}.yaml"
    file.write_text(selectors(count), encoding="utf-8")
    command = [sys.executable, "-m", "benchmarks.many", str(count), str(page_seconds), str(save_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().strip(), file
        finally:
            process.terminate()


if __name__ == "__main__":
    serve(int(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3]))
