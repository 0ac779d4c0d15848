"""The practice site's routes."""

from __future__ import annotations

from flask import Flask, Response, request

from optout.practice import pages
from optout.practice.data import Data
from optout.practice.documents import Documents
from optout.practice.rendering import hash_classes
from optout.practice.signin import SignIn
from optout.practice.site import PracticeSite


def build_app(site: PracticeSite) -> Flask:
    """The Flask application of a practice site."""
    app = Flask("optout.practice", static_folder=None)
    SignIn(site).add_routes(app)
    documents = Documents(site)
    data = Data(site)
    app.add_url_rule("/mypreferences/<path:tail>", "settings", documents.settings)
    app.add_url_rule("/psettings/<path:tail>", "older", documents.settings)
    app.add_url_rule("/frame/<setting_id>", "frame", documents.frame)
    for rule in ("/feed/", "/in/<path:tail>", "/"):
        app.add_url_rule(rule, f"member:{rule}", documents.member_page)
    app.add_url_rule("/help/", "help", documents.help_page)
    app.add_url_rule("/help/<path:tail>", "help-page", documents.help_page)
    app.add_url_rule("/practice/popup", "popup", documents.help_page)
    app.add_url_rule("/api/page", "data", data.page)
    app.add_url_rule("/api/rows", "rows", data.rows)
    app.add_url_rule("/api/save", "save", data.save, methods=["POST"])
    app.add_url_rule("/practice-epoch", "epoch", lambda: str(site.play.epoch))
    app.add_url_rule("/practice-worker.js", "worker", data.worker)
    _add_assets(app, site)
    return app


def _add_assets(app: Flask, site: PracticeSite) -> None:
    texts = {name: hash_classes(pages.asset(f"practice.{name}"), site.build).encode() for name in ("css", "js")}

    def asset() -> Response:
        kind = request.path.rsplit(".", 1)[1]
        response = Response(texts[kind], mimetype="text/css" if kind == "css" else "text/javascript")
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response

    for kind in texts:
        app.add_url_rule(f"/assets/practice.{site.build}.{kind}", f"asset-{kind}", asset)
