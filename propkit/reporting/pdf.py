"""A page to PDF through an installed Chromium, Chrome or Edge; the only place that starts a browser.

Where the machine has no Chinese font, the copy that is printed carries one: as many characters as the page uses.
"""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

from propkit.reporting import style

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge", "msedge")
_ELSEWHERE = {
    "darwin": (
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
        "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ),
    "win32": (
        r"C:\Program Files\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Google\Chrome\Application\chrome.exe",
        r"C:\Program Files (x86)\Microsoft\Edge\Application\msedge.exe",
        r"C:\Program Files\Microsoft\Edge\Application\msedge.exe",
    ),
}
"""Where browsers are on systems that do not put them on the search path."""
_FLAGS = (
    "--headless", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
    "--no-pdf-header-footer",
)  # fmt: skip
_CLOCK = re.compile(rb"(?<=Date \(D:)\d{14}[+-]\d\d'\d\d'(?=\))")
SECONDS = 120


class PrintError(Exception):
    """The browser made no PDF: it ran out of time, or ended without a whole file."""


def find_browser() -> str:
    """Return the path of an installed browser that can print, or ""."""
    known = (path for path in _ELSEWHERE.get(sys.platform, ()) if Path(path).is_file())
    return next((path for path in map(shutil.which, NAMES) if path), None) or next(known, "")


def print_page(page: str, browser: str, scratch: Path, *, as_of: str = "", seconds: float = SECONDS) -> bytes:
    """Return `page` (HTML) as a PDF.

    `scratch` is a private folder for the copy and the browser's profile, which are gone afterwards; `as_of`
    ("2025-10-08 23:59:59") takes the place of the clock in the file.  The browser numbers what it draws anew each time, so bytes may differ.
    Errors: PrintError.
    """
    folder = Path(tempfile.mkdtemp(prefix="print-", dir=scratch))
    try:
        source, target = folder / "page.html", folder / "page.pdf"
        source.write_text(with_font(page) if lacks_chinese() else page, "utf-8")
        _run([browser, *_FLAGS, *_unboxed(), f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={target}",
              source.as_uri()], seconds)  # fmt: skip
        content = target.read_bytes() if target.is_file() else b""
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if not content.startswith(b"%PDF-") or not content.rstrip().endswith(b"%%EOF"):
        raise PrintError("no whole file")
    return _CLOCK.sub(_stamp(as_of), content)


def lacks_chinese() -> bool:
    """Say whether none of the page's Chinese fonts is installed on this machine; zhplot's own file does not count."""
    from matplotlib import font_manager

    installed = (font for font in font_manager.fontManager.ttflist if "zhplot" not in Path(font.fname).parts)
    return not any(font.name in style.CJK_FAMILIES for font in installed)


def with_font(page: str) -> str:
    """Return a page that carries the glyphs of its characters, under a name that its own style asks for."""
    path = style.font_file()
    if path is None:
        return page
    letters = "".join(sorted({letter for letter in page if letter >= " "}))
    data = base64.b64encode(_subset(path, letters)).decode()
    face = f"@font-face{{font-family:'Noto Sans SC';src:url(data:font/ttf;base64,{data})}}"
    return page.replace("<style>", f"<style>{face}", 1)


@cache
def _subset(path: Path, letters: str) -> bytes:
    """Part of a font file.  Not packed: the copy lives for a moment, and the browser packs the PDF."""
    from fontTools import subset

    options = subset.Options(hinting=False, layout_features=[], notdef_outline=True, ignore_missing_unicodes=True)
    font = subset.load_font(path, options)
    chosen = subset.Subsetter(options)
    chosen.populate(text=letters)
    chosen.subset(font)
    with font, io.BytesIO() as buffer:
        subset.save_font(font, buffer, options)
        return buffer.getvalue()


def _run(command: list[str], seconds: float) -> None:
    """Run the browser to its end; when the time is over, end it and all that it started."""
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        with subprocess.Popen(command, **quiet, start_new_session=os.name == "posix") as process:
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise PrintError(f"over {seconds:g} s") from None
            finally:
                _end(process)
    except OSError as error:
        raise PrintError(error.strerror or type(error).__name__) from None


def _end(process: subprocess.Popen) -> None:
    with suppress(OSError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        elif process.poll() is None:
            process.kill()


def _unboxed() -> list[str]:
    """Chromium refuses its sandbox to root, as in containers; the page printed is our own and runs one known script."""
    return ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []


def _stamp(as_of: str) -> bytes:
    digits = re.sub(r"\D", "", as_of)[:14]
    return f"{digits:0<14}+00'00'".encode() if len(digits) >= 8 else b"19700101000000+00'00'"
