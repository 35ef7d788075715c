"""The files that ship: those of others as they were published, ours without anything from elsewhere."""

from __future__ import annotations

import hashlib
import json
import re
from importlib import resources
from pathlib import Path

from data2vis.spec import SCHEMA

WEB = Path(str(resources.files("data2vis.web")))
VENDOR = WEB / "static" / "vendor"


def test_files_of_others_are_as_published_with_licences() -> None:
    versions = json.loads((VENDOR / "versions.json").read_text())
    for package, record in versions.items():
        content = (VENDOR / record["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == record["sha256"], package
    assert versions["vega-lite"]["version"] in SCHEMA
    licences = (VENDOR / "LICENSES.txt").read_text()
    for package in (*versions, "d3-array", "fast-json-patch", "vega-interpreter"):
        assert f"\n{package} (" in f"\n{licences}", package


def test_nothing_comes_from_elsewhere() -> None:
    ours = [*WEB.glob("static/js/*.js"), *WEB.glob("static/css/*.css"), *WEB.glob("templates/*")]
    assert len(ours) > 10
    for path in ours:
        text = path.read_text()
        addresses = set(re.findall(r"https?://[\w.-]+", text))
        assert addresses <= {"http://www.w3.org"}, path  # the name of SVG, which no one fetches
        assert len(text.splitlines()) < 400
        assert "innerHTML" not in text, path
        assert not re.search(r"\son\w+=|\sstyle=|<script>|javascript:", text), path


def test_colours_have_contrast() -> None:
    css = (WEB / "static" / "css" / "base.css").read_text()
    blocks = re.findall(r":root(?:\[data-theme=\"dark\"\])? \{(.*?)\}", css, re.DOTALL)
    assert len(blocks) == 2  # light and dark
    for block in blocks:
        colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for text in ("ink", "muted", "accent"):
            for ground in ("ground", "surface", "sunken"):
                assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        for text, ground in (
            ("on-accent", "accent"), ("bad", "bad-soft"), ("bad", "surface"), ("good", "surface"),
            ("accent", "accent-soft"),
        ):  # fmt: skip
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
        assert contrast(colours["edge"], colours["surface"]) >= 3  # borders of controls


def contrast(one: str, other: str) -> float:
    """As the Web Content Accessibility Guidelines define it."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
