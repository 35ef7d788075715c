"""The application: the page, the API, the routes of 2018; what every answer carries."""

from __future__ import annotations

from typing import Any, Final

from flask import Flask, Response, current_app, jsonify, render_template, request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from data2vis.reading import MAX_BYTES
from data2vis.spec import MARKS
from data2vis.web import api, given, legacy
from data2vis.web.gate import RETRY_AFTER, OverloadedError
from data2vis.web.model import Model, model

# A form has a little more than its file.
MAX_REQUEST: Final = MAX_BYTES + 1_000_000
# No eval, no inline scripts, nothing from elsewhere. Vega's expressions are interpreted for it.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
        "img-src 'self' data: blob:", "font-src 'self'", "base-uri 'none'", "form-action 'none'",
        "frame-ancestors 'none'",
    )
)  # fmt: skip
_HEADERS: Final = {
    "Content-Security-Policy": _POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def create_app(network: Model) -> Flask:
    """The application around a network."""
    app = Flask("data2vis.web", static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_REQUEST
    app.config["MAX_FORM_MEMORY_SIZE"] = MAX_REQUEST
    app.extensions["data2vis"] = network
    app.json.sort_keys = False  # type: ignore[attr-defined]  # columns keep their order
    app.register_blueprint(api.routes)
    app.register_blueprint(legacy.routes)
    app.add_url_rule("/", "page", _page)
    app.register_error_handler(HTTPException, _failed)
    app.register_error_handler(OverloadedError, _overloaded)
    app.register_error_handler(Exception, _broken)
    app.after_request(_with_headers)
    return app


def _page() -> str:
    limits = {
        "bytes": MAX_BYTES, "count": model().beam_width, "marks": MARKS, "most": given.MAX_CHARTS,
    }  # fmt: skip
    return render_template("index.html", limits=limits)


def _answer(status: int, message: str, **headers: str) -> Response:
    # Programs of 2018 look for `status` and `reason`.
    response = jsonify({"status": False, "reason": message, "error": message})
    response.status_code = status
    response.headers.update(headers)
    return response


def _failed(error: HTTPException) -> Response:
    message = error.description or error.name
    if isinstance(error, RequestEntityTooLarge):
        message = given.too_large(MAX_BYTES)
    response = _answer(error.code or 500, message)
    if allowed := getattr(error, "valid_methods", None):
        response.headers["Allow"] = ", ".join(allowed)
    return response


def _overloaded(error: OverloadedError) -> Response:
    return _answer(503, f"the server is busy: {error}", **{"Retry-After": str(RETRY_AFTER)})


def _broken(error: Exception) -> Response:
    current_app.logger.exception("%s %s", request.method, request.path)
    return _answer(500, f"the server made a mistake: {type(error).__name__}")


def _with_headers(response: Response) -> Any:
    response.headers.update(_HEADERS)
    if request.path.startswith("/static/"):
        response.headers["Cache-Control"] = "no-cache"  # revalidated: a new version shows at once
    return response
