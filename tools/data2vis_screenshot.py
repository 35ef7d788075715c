"""Makes `docs/data2vis.png`: the page with the charts of a sample table, in light colours.

    python tools/data2vis_screenshot.py [FILE] [--sample NAME] [--dark]

Needs playwright and an installed Chromium, as the tests of the page do.
"""

from __future__ import annotations

import argparse
import io
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import expect

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.data2vis.web import browser as browsers  # noqa: E402

from data2vis.recommend import Recommender  # noqa: E402
from data2vis.web.model import Model  # noqa: E402

SIZE = {"width": 1440, "height": 1440}


def main() -> None:
    """Writes the picture."""
    parser = argparse.ArgumentParser(description="Makes docs/data2vis.png.")
    parser.add_argument(
        "file", metavar="FILE", type=Path, nargs="?", default=ROOT / "docs/data2vis.png"
    )
    parser.add_argument("--sample", default="Bicycle rides")
    parser.add_argument("--dark", action="store_true")
    arguments = parser.parse_args()
    with browsers.served(Model(Recommender())) as address, browsers.chromium() as browser:
        scheme = "dark" if arguments.dark else "light"
        page = browser.new_page(viewport=SIZE, color_scheme=scheme)
        page.goto(address)
        page.get_by_role("button", name=arguments.sample).click()
        charts = page.locator("#gallery .figure").locator("svg.marks, canvas.marks")
        expect(charts).to_have_count(15, timeout=120_000)
        expect(page.locator("#status")).to_be_empty(timeout=120_000)
        page.mouse.move(0, 0)
        with Image.open(io.BytesIO(page.screenshot())) as picture:
            # 256 colours are plenty for a page, and a third of the bytes.
            picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
                arguments.file, optimize=True
            )
    print(f"{arguments.file}: {arguments.file.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
