"""The pictures of the README: the monthly report of the synthetic demo on a desk, a phone and paper, in both languages.

    python -m docs.pictures [WORKSPACE]

Makes the demo where no workspace of it is given.  Needs an installed Chromium and poppler's pdftoppm.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

from propkit.reporting.pdf import find_browser, print_page

FOLDER = Path(__file__).parent / "pictures"
PLACE, MONTH = "yinhe", "2025-09"
COLOURS = 96
"""Colours of a picture: enough for text and charts, and a third of the bytes."""


def main(workspace: Path) -> None:
    """Make the report in both languages and write its pictures."""
    if not (workspace / "propkit.toml").is_file():
        _call("propkit.demo", str(workspace))
        _call("propkit", "ingest", "-q", "-w", str(workspace))
    FOLDER.mkdir(exist_ok=True)
    for lang in ("zh", "en"):
        _call("propkit", "run", "monthly_review", "--community", PLACE, "--period", MONTH, "--report-lang", lang,
              "-q", "-w", str(workspace))  # fmt: skip
        page = workspace / "reports" / "internal" / PLACE / MONTH / f"monthly_review.{lang}.html"
        _write(_shot(page, 1280, 960, 1), f"desk.{lang}.png")
        _write(_shot(page, 390, 800, 1.5), f"phone.{lang}.png")
        _write(_sheet(page), f"paper.{lang}.png")


def _shot(page: Path, width: int, height: int, scale: float) -> bytes:
    """What a reader sees first on a screen of this size."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        shown = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
        shown.goto(page.as_uri())
        content = shown.screenshot()
        browser.close()
    return content


def _sheet(page: Path) -> bytes:
    """The first sheet of the printed page."""
    with tempfile.TemporaryDirectory() as scratch:
        made = Path(scratch) / "page.pdf"
        made.write_bytes(print_page(page.read_text("utf-8"), find_browser(), Path(scratch)))
        command = ["pdftoppm", "-r", "80", "-f", "1", "-l", "1", "-png", str(made), str(made.with_suffix(""))]
        subprocess.run(command, check=True)
        return next(Path(scratch).glob("page-*.png")).read_bytes()


def _write(content: bytes, name: str) -> None:
    picture = Image.open(io.BytesIO(content)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    picture.save(FOLDER / name, optimize=True)


def _call(module: str, *words: str) -> None:
    subprocess.run([sys.executable, "-m", module, *words], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch) / "demo")
