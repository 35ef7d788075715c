"""Charts as PNG, SVG and HTML files that need no network."""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from importlib import resources
from typing import Any, Final

from data2vis.evaluate import VEGA_LITE

FORMATS: Final = ("png", "svg", "html")
_SCRIPTS: Final = ("vega.min.js", "vega-lite.min.js", "vega-embed.min.js")
# A chart that someone wrote may not reach into the page or to the network.
_POLICY: Final = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:"
)


def export(spec: Mapping[str, Any], form: str, title: str = "Chart") -> bytes:
    """A specification with its data as a file of one of `FORMATS`.

    Raises:
        ValueError: it cannot be drawn, or its data are not all in it.
    """
    _check_data(spec)
    if form == "html":
        return page(spec, title).encode()
    import vl_convert

    if form == "png":
        picture: bytes = vl_convert.vegalite_to_png(
            dict(spec), VEGA_LITE, scale=2, allowed_base_urls=[]
        )
        return picture
    text: str = vl_convert.vegalite_to_svg(dict(spec), VEGA_LITE, allowed_base_urls=[])
    return text.encode()


def _check_data(value: Any) -> None:
    """Refuses data that would be loaded, or made in any number."""
    if isinstance(value, Mapping):
        data = value.get("data")
        if isinstance(data, Mapping) and not {"values", "name"} & set(data):
            raise ValueError("the data must be in the specification, as `values`")
        for key, inner in value.items():
            if key not in ("values", "datasets"):
                _check_data(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_data(inner)


def page(spec: Mapping[str, Any], title: str = "Chart") -> str:
    """A page with the chart, Vega and its data in it."""
    vendor = resources.files("data2vis.web") / "static" / "vendor"
    scripts = [(vendor / name).read_text(encoding="utf-8") for name in _SCRIPTS]
    options = {"mode": "vega-lite", "ast": True, "renderer": "svg"}
    scripts.append(f"vegaEmbed('#chart', {_literal(spec)}, {_literal(options)});")
    body = "\n".join(f"<script>{_enclosed(script)}</script>" for script in scripts)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<title>{html.escape(title)}</title>
</head>
<body>
<div id="chart"></div>
{body}
</body>
</html>
"""


def _literal(value: Any) -> str:
    """JSON that may stand in a script of a page."""
    text = json.dumps(value, ensure_ascii=False)
    for sign, escaped in (("<", "\\u003c"), ("\u2028", "\\u2028"), ("\u2029", "\\u2029")):
        text = text.replace(sign, escaped)
    return text


def _enclosed(script: str) -> str:
    """A script without the sign of its end, which can only stand in a text of it."""
    return script.replace("</script", "<\\/script")
