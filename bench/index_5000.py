"""How long the page over 5,000 reports takes to make, and to open and filter in an installed Chromium.

    python -m bench.index_5000 [FOLDER]

Prints seconds and sizes; nothing here is a test, for times differ from machine to machine.
"""

from __future__ import annotations

import functools
import http.server
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from propkit.reporting.index import render_index
from propkit.reporting.pdf import find_browser

COMMUNITIES, MONTHS = 200, 25


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def entries() -> list[Mapping[str, object]]:
    """Synthetic entries as the manifest has them: communities times months, every fiftieth failed."""
    months = [f"{2023 + place // 12}-{place % 12 + 1:02d}" for place in range(MONTHS)]
    return [_entry(f"c{home}", f"{home + 1}号小区", month, home) for home in range(COMMUNITIES) for month in months]


def _entry(place: str, name: str, month: str, home: int) -> dict[str, object]:
    key = f"internal/{place}/{month}/monthly_review.zh"
    fails = (home * 7 + int(month[-2:])) % 50 == 0
    figures = [("维修及时率", "85%"), ("千户投诉", "2.5 件"), ("业主满意率", "54%"), ("收缴率", "77.6%")]
    headline = [{"label": label, "text": text, "state": "ok"} for label, text in figures]
    headline[0]["change"] = {"verdict": "lower", "good": False, "text": "比去年同月下降"}
    return {
        "report": "monthly_review", "report_label": {"zh": "月度复盘", "en": "Monthly review"}, "community": place,
        "community_name": name, "period": month, "edition": "internal", "lang": "zh", "key": key,
        "status": "failed" if fails else "success", "message": "缺少列「住户类型」" if fails else "", "reason": "",
        "output": {"path": f"{key}.html"}, "headline": headline,
    }  # fmt: skip


def main(folder: Path) -> None:
    found = entries()
    before = time.perf_counter()
    page = render_index(found, lang="zh", title="报告")
    _say(f"{len(found)} entries made in {time.perf_counter() - before:.2f} s, {len(page.encode()) / 1e6:.1f} MB")
    path = folder / "index.html"
    path.write_text(page, "utf-8")
    if not find_browser():
        _say("no browser: not opened")
        return
    _open("file", path.as_uri())
    with _served(folder) as address:
        _open("http", f"{address}/index.html")


def _open(name: str, address: str) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        for width in (1280, 390):
            shown = browser.new_page(viewport={"width": width, "height": 800})
            before = time.perf_counter()
            shown.goto(address)
            shown.locator(".filters").wait_for()
            opened = time.perf_counter() - before
            seconds, count = shown.evaluate(_FILTER)
            sideways = shown.evaluate("document.documentElement.scrollWidth") - width
            _say(f"{name} {width} px: opened in {opened:.2f} s, filtered to {count} rows in {seconds:.2f} s, "
                  f"sideways {sideways} px")  # fmt: skip
        browser.close()


_FILTER = """() => new Promise(done => {
  const start = performance.now(), box = document.querySelector('select[name=community]');
  box.value = '7号小区'; box.dispatchEvent(new Event('change', {bubbles: true}));
  requestAnimationFrame(() => requestAnimationFrame(() => done([(performance.now() - start) / 1000,
    [...document.querySelectorAll('tbody tr')].filter(r => !r.hidden).length])))})"""


@contextmanager
def _served(folder: Path) -> Iterator[str]:
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        main(Path(sys.argv[1]))
    else:
        with tempfile.TemporaryDirectory() as scratch:
            main(Path(scratch))
