"""Another origin that looks like the sign-in page and writes down everything it is sent."""

from __future__ import annotations

import threading

from flask import Flask, request

from optout.practice.pages import Shell, document, sign_in_form
from optout.practice.records import Latency
from optout.practice.server import LoopbackSite
from optout.practice.words import Words


class ElsewhereSite(LoopbackSite):
    """Nothing secret may ever reach this site; `posts` shows what did."""

    def __init__(self) -> None:
        super().__init__((), Latency(), 0)
        self._lock = threading.Lock()
        self._posts: list[bytes] = []

    @property
    def posts(self) -> tuple[bytes, ...]:
        """The body of every POST that reached this origin."""
        with self._lock:
            return tuple(self._posts)

    def reset(self) -> None:
        """Forget what was posted."""
        with self._lock:
            self._posts.clear()
        self.store.reset({})

    def build_app(self) -> Flask:
        """A sign-in page on every path."""
        app = Flask("optout.practice.elsewhere", static_folder=None)

        @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
        @app.route("/<path:path>", methods=["GET", "POST"])
        def any_page(path: str) -> str:  # noqa: ARG001 -- the same page everywhere
            if request.method == "POST":
                with self._lock:
                    self._posts.append(request.get_data())
            form = sign_in_form("/checkpoint/lg/login-submit", "")
            return document(Shell("Sign in", Words("en"), "0", main=form, signed_in=False))

        return app
