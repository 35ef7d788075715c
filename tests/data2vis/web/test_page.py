"""The page in a browser."""

from __future__ import annotations

import io
import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from PIL import Image

pytest.importorskip("playwright", reason="playwright is not installed")

from playwright.sync_api import Browser, Locator, Page, expect

from data2vis.recommend import Recommender
from data2vis.web.model import Model
from tests.data2vis.web import browser as browsers

pytestmark = [
    pytest.mark.skipif(browsers.executable() is None, reason="Chromium is not installed"),
    pytest.mark.xdist_group("browser"),
]

CSV = "town,year,visits,rain\n" + "".join(
    f"{town},{year},{(year * 7 + i * 31) % 97},{(year * 13 + i * 7) % 29 / 2}\n"
    for year in range(2001, 2017)
    for i, town in enumerate(("Oslo", "Rome", "Lima"))
)
PATIENCE = 60_000  # milliseconds; the machine may be busy


@pytest.fixture(scope="module")
def address(recommender: Recommender) -> Iterator[str]:
    with browsers.served(Model(recommender)) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with browsers.chromium() as browser:
        yield browser


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page of its own; at the end, nothing may have left the machine or failed unseen."""
    expect.set_options(timeout=PATIENCE)
    requests: list[str] = []
    wrong: list[str] = []
    context = browser.new_context(accept_downloads=True, viewport={"width": 1280, "height": 900})
    context.on("request", lambda request: requests.append(request.url))
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text))
    page.goto(address)
    expect(page.locator("#samples button")).to_have_count(7)
    yield page
    context.close()
    parts = [urlsplit(url) for url in requests]
    assert len(parts) > 10
    hosts = {p.hostname for p in parts if p.scheme not in ("blob", "data", "file")}
    assert hosts == {"127.0.0.1"}
    # Chromium reports refused requests by itself; all else is a mistake.
    assert [text for text in wrong if "Failed to load resource" not in text] == []


def drop(page: Page, text: str, name: str = "towns.csv") -> None:
    """Drops a file onto the page."""
    make = """([text, name]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([text], name));
        return transfer;
    }"""
    transfer = page.evaluate_handle(make, [text, name])
    for event in ("dragenter", "dragover", "drop"):
        page.dispatch_event("#drop", event, {"dataTransfer": transfer})


def drawn(page: Page, count: int = 15) -> Locator:
    """The cards, when all charts are drawn."""
    marks = page.locator("#gallery .figure").locator("svg.marks, canvas.marks")
    expect(marks).to_have_count(count)
    expect(page.locator("#progress")).to_be_hidden()
    return page.locator("#gallery .card")


def titles(page: Page) -> list[str]:
    return page.locator("#gallery h3").all_inner_texts()


def test_a_dropped_file_becomes_fifteen_charts_and_a_type_is_changed(page: Page) -> None:
    drop(page, CSV)
    cards = drawn(page)
    expect(cards).to_have_count(15)
    expect(page.locator("#work-title")).to_be_focused()
    assert "48 rows, 4 columns" in page.locator("#work-size").inner_text()
    assert re.search(r"Score \S?\d", cards.first.inner_text())
    before = titles(page)
    page.get_by_label("Type of year").focus()
    page.get_by_label("Type of year").select_option(label="category")
    expect(page.locator("#columns .column").nth(1)).to_contain_text("16 different")
    drawn(page)
    assert titles(page) != before
    expect(page.get_by_label("Type of year")).to_be_focused()
    expect(page.get_by_role("status").first).to_contain_text("15 charts")


def test_filters_and_more_like_this(page: Page) -> None:
    drop(page, CSV)
    drawn(page)
    page.get_by_label("Mark", exact=True).select_option("line")
    expect(page.locator("#gallery .figure").first).to_have_attribute(
        "aria-label", re.compile("^line chart")
    )
    page.get_by_label("Column", exact=True).select_option("rain")
    expect(page.locator("#gallery h3", has_text="rain").first).to_be_visible()
    page.get_by_label("Charts", exact=True).fill("3")
    page.get_by_label("Charts", exact=True).press("Enter")
    drawn(page, 3)
    assert all("rain" in title for title in titles(page))
    chosen = titles(page)[0]
    page.get_by_role("button", name=f"More like this: {chosen}").click()
    expect(page.locator("#like-text")).to_contain_text(chosen)
    drawn(page, 3)
    assert chosen not in titles(page)
    page.get_by_role("button", name="Back to all charts").click()
    expect(page.locator("#like")).to_be_hidden()


def test_a_specification_is_edited_with_an_error_and_mended(page: Page) -> None:
    drop(page, CSV)
    card = drawn(page).first
    card.get_by_role("button", name="Edit").click()
    text = page.get_by_label("Vega-Lite specification")
    verdict = page.locator("#spec-verdict")
    expect(verdict).to_have_text("Valid Vega-Lite 5")
    spec = json.loads(text.input_value())
    text.fill(json.dumps({**spec, "mark": "pointt"}))
    expect(verdict).to_contain_text("did you mean 'point'?")
    expect(text).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Keep in the gallery")).to_be_disabled()
    text.fill("{")
    expect(verdict).to_contain_text("no JSON")
    text.fill(json.dumps({**spec, "data": {"url": "http://example.com/x.csv"}}))
    expect(verdict).to_contain_text("not loaded from elsewhere")
    text.fill(json.dumps({**spec, "mark": "point", "title": "Mended"}))
    expect(verdict).to_have_text("Valid Vega-Lite 5")
    expect(page.locator("#preview svg")).to_contain_text("Mended")
    page.route("**/api/export", lambda route: route.abort())
    page.locator("#spec-export").get_by_role("button", name="Export").click()
    page.get_by_role("button", name="HTML", exact=True).click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("does not answer")
    page.get_by_role("button", name="Dismiss").click()
    page.get_by_role("button", name="Keep in the gallery").click()
    expect(card.locator("svg.marks")).to_contain_text("Mended")


def test_exports(page: Page, tmp_path: Path) -> None:
    drop(page, CSV)
    card = drawn(page).first

    def exported(form: str) -> bytes:
        card.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            card.get_by_role("button", name=form.upper(), exact=True).click()
        path = tmp_path / download.value.suggested_filename
        assert path.suffix == f".{form}"
        download.value.save_as(path)
        return path.read_bytes()

    with Image.open(io.BytesIO(exported("png"))) as picture:
        assert picture.format == "PNG"
        assert picture.width > 600
        assert len(picture.convert("L").getcolors() or []) > 10
    assert exported("svg").startswith(b"<svg")
    assert len(json.loads(exported("json"))["data"]["values"]) == 48
    exported("html")
    page.goto(next(tmp_path.glob("*.html")).as_uri())  # alone, without the server
    expect(page.locator("#chart svg.marks")).to_be_visible()


def test_inside_the_network(page: Page) -> None:
    drop(page, CSV)
    drawn(page)
    page.get_by_role("button", name="Inside the network").click()
    heat = page.get_by_role("table", name="Attention")
    expect(heat).to_be_visible()
    assert heat.locator("thead th").count() > 8
    assert "visits" in heat.inner_text()
    page.get_by_role("tab", name="Beams").click()
    expect(page.locator("svg.tree rect.best").first).to_be_visible()
    rows = page.locator("table.found tbody tr")
    expect(rows).to_have_count(6)
    page.get_by_label("Width").fill("3")
    page.get_by_label("Width").press("Tab")
    expect(rows).to_have_count(3)


def test_broken_and_large_files_are_refused_with_reasons(
    page: Page, address: str, tmp_path: Path
) -> None:
    alert = page.get_by_role("alert")
    drop(page, "a,b\n1,2\n1,2,3\n")
    expect(alert).to_contain_text("row 3 has 3 cells, the header 2")
    expect(page.locator("#start")).to_be_visible()
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(50_000_000)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.locator("#file").set_input_files(large)
    expect(alert).to_contain_text("50.0 MB. The limit is 20 MB")
    assert "POST" not in sent  # refused before it is sent
    request = urllib.request.Request(f"{address}/api/suggest", large.read_bytes())
    request.add_header("Content-Type", "multipart/form-data; boundary=x")
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request)
    assert refused.value.code == 413
    assert "20 MB" in json.load(refused.value)["error"]
    page.get_by_role("button", name="Dismiss").click()
    expect(alert).to_be_hidden()
    page.get_by_label("Or paste CSV, TSV or JSON").fill("a\tb\n1\tx\n2\ty\n3\tx\n")
    page.get_by_role("button", name="Use this text").click()
    expect(page.locator("#work-title")).to_have_text("pasted")


def test_names_and_values_that_are_html_are_shown_as_text(page: Page) -> None:
    name = "<img src=x onerror=hacked()>"
    value = "<b onmouseover=hacked()>bold</b>"
    page.evaluate("window.hacked = () => { document.title = 'hacked'; }")
    rows = "".join(f"{value if i % 3 else 'plain'},{i % 7}\n" for i in range(40))
    drop(page, f"{name},<script>it's\n{rows}", "<i>t.csv")
    cards = drawn(page)
    expect(page.locator(".column-name").first).to_have_text(name)
    expect(page.locator("#work-title")).to_have_text("<i>t")
    expect(page.locator("#gallery svg.marks", has_text="<script>it's").first).to_be_visible()
    first = cards.filter(has_text=name).first
    expect(first.locator("h3")).to_contain_text(name)
    expect(first.locator("svg.marks")).to_contain_text(name[:12])
    first.locator("svg.marks .mark-rect path, svg.marks .mark-symbol path").first.hover()
    expect(page.locator(".tip dt").first).to_contain_text("<")
    first.get_by_role("button", name="Edit").click()
    expect(page.locator("#spec-verdict")).to_have_text("Valid Vega-Lite 5")
    page.get_by_role("tab", name="Attention").click()
    expect(page.get_by_role("table", name="Attention")).to_contain_text(name)
    assert page.locator("img, main script, b b").count() == 0
    assert page.title() != "hacked"


def test_everything_is_reached_by_keyboard(page: Page) -> None:
    def walk(to: Locator, key: str = "Tab", most: int = 60) -> None:
        for _ in range(most):
            page.keyboard.press(key)
            if to.evaluate("element => element === document.activeElement"):
                return
        raise AssertionError(f"{to} is not reached")

    walk(page.get_by_role("link", name="To the content"))
    page.keyboard.press("Enter")
    walk(page.locator("#file"))
    walk(page.locator("#text"))
    walk(page.locator("#samples button", has_text="Marathon"))
    page.keyboard.press("Enter")
    drawn(page)
    expect(page.locator("#work-title")).to_be_focused()
    walk(page.get_by_label("Type of age"))
    walk(page.get_by_label("Mark", exact=True))
    edit = page.locator("#gallery .card").first.get_by_role("button", name="Edit")
    walk(edit)
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    walk(page.get_by_role("tab", name="Specification"))
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Attention")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Attention")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(edit).to_be_focused()
    export = page.locator("#gallery .card").first.get_by_role("button", name="Export")
    walk(export)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="PNG", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(export).to_be_focused()
    unnamed = """() => [...document.querySelectorAll("button, input, select, textarea, a, [role=img]")]
        .filter((e) => !(e.textContent.trim() || e.ariaLabel || e.labels?.length))
        .map((e) => e.outerHTML)"""
    assert page.evaluate(unnamed) == []


def test_light_and_dark(page: Page) -> None:
    def ground() -> str:
        return str(page.evaluate("getComputedStyle(document.body).backgroundColor"))

    root = page.locator("html")
    expect(root).to_have_attribute("data-theme", "light")
    light = ground()
    page.emulate_media(color_scheme="dark")
    expect(root).to_have_attribute("data-theme", "dark")
    assert ground() != light
    button = page.get_by_role("button", name="Dark")
    expect(button).to_have_attribute("aria-pressed", "true")
    button.click()
    assert ground() == light
    page.reload()  # what was chosen stays
    expect(root).to_have_attribute("data-theme", "light")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_any_sample(page: Page) -> None:
    page.get_by_role("button", name="Any one").click()
    drawn(page)
    page.get_by_role("button", name="Another table").click()
    expect(page.locator("#start")).to_be_visible()
