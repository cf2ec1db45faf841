"""Pages on paper: through a real browser where there is one, and a clear answer where there is none."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from propkit.reporting import page, pdf, tables
from propkit.reporting.display import Heading
from tests.reporting import samples as s

WORDS = "收缴率"


@pytest.fixture(scope="module")
def html():
    import pandas as pd

    frame = pd.DataFrame({"编号": [f"A-{place}" for place in range(90)], "超期": range(90)})
    book = s.notebook(Heading(WORDS), tables.table(frame, caption="超期", lang="zh"))
    return page.render(book, title="月报", lang="zh", meta={})


def _script(folder: Path, body: str) -> str:
    path = folder / "chromium"
    path.write_text(f"#!{sys.executable}\nimport sys, time\n{body}\n", "utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def test_no_browser_is_found_where_none_is_installed(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "platform", "linux")
    assert pdf.find_browser() == ""


@pytest.mark.skipif(os.name != "posix", reason="the stand-in browser is a script")
@pytest.mark.parametrize("body", ["time.sleep(60)", "sys.exit(1)", "", "raise SystemExit"])
def test_a_browser_that_gives_nothing_is_an_error_and_leaves_nothing(html, tmp_path, body):
    (tmp_path / "bin").mkdir()
    (tmp_path / "scratch").mkdir()
    with pytest.raises(pdf.PrintError):
        pdf.print_page(html, _script(tmp_path / "bin", body), tmp_path / "scratch", seconds=3)
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.skipif(os.name != "posix", reason="the stand-in browser is a script")
def test_the_clock_of_the_browser_becomes_the_cut_off_of_the_data(html, tmp_path):
    told = "b\"%PDF-1.4 (D:20260101010101+00'00') /CreationDate (D:20260101010101+00'00') %%EOF\""
    body = (
        "path = next(a.split('=', 1)[1] for a in sys.argv if a.startswith('--print-to'))\n"
        f"open(path, 'wb').write({told})"
    )
    made = pdf.print_page(html, _script(tmp_path, body), tmp_path, as_of="2025-10-08 23:59:59")
    assert made.count(b"20251008235959+00'00'") == 1 and made.count(b"20260101010101") == 1


def test_the_copy_to_print_carries_the_glyphs_of_the_page(html):
    copy = pdf.with_font(html)
    faces = re.findall(
        r"@font-face\{font-family:'Noto Sans SC';src:url\(data:font/ttf;base64,([A-Za-z0-9+/=]+)\)", copy
    )
    assert len(faces) == 1 and 10_000 < len(faces[0]) < 400_000
    assert "font-src data:" in copy and not re.search(r"https?://", copy)


@pytest.mark.browser
@pytest.mark.skipif(not pdf.find_browser(), reason="no Chromium, Chrome or Edge on this machine")
@pytest.mark.parametrize("lacks", [False, True])
def test_a_real_browser_prints_chinese_on_several_pages_without_a_clock(html, tmp_path, monkeypatch, lacks):
    monkeypatch.setattr(pdf, "lacks_chinese", lambda: lacks)
    made = pdf.print_page(html, pdf.find_browser(), tmp_path, as_of="2025-10-08")
    assert list(tmp_path.iterdir()) == []
    assert len(re.findall(rb"/Type\s*/Page\b", made)) >= 3
    assert len(re.findall(rb"Date \(D:20251008000000", made)) == 2 and b"/MarkInfo" in made
    assert not lacks or b"NotoSansSC" in made
    assert f"{ord(WORDS[0]):04x}".encode() in _unpacked(made).lower()


@pytest.mark.browser
@pytest.mark.skipif(not pdf.find_browser(), reason="no Chromium, Chrome or Edge on this machine")
@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler's pdftotext is not installed")
def test_the_head_of_a_long_table_is_on_every_page_with_its_rows_and_no_row_is_split(html, tmp_path):
    made = tmp_path / "page.pdf"
    made.write_bytes(pdf.print_page(html, pdf.find_browser(), tmp_path))
    shown = subprocess.run(["pdftotext", "-layout", str(made), "-"], capture_output=True, text=True, check=True).stdout
    pages = [words for words in shown.split("\f") if "A-" in words]
    assert len(pages) >= 2 and all(words.count("编号") == 1 for words in pages)
    assert len(re.findall(r"^ *A-(\d+) +\1$", shown, re.MULTILINE)) == 90
    assert re.search(rf"{len(pages)} ?/ ?{len(pages)}\s*$", shown.strip("\f"))


def _unpacked(content: bytes) -> bytes:
    """The streams of a PDF, so that the table from glyphs back to characters can be read."""
    parts = []
    for match in re.finditer(rb"stream\r?\n(.*?)endstream", content, re.DOTALL):
        try:
            parts.append(zlib.decompress(match[1]))
        except zlib.error:
            continue
    return b"".join(parts)
