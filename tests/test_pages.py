"""Every report of the demo as a page: its outline, its words, axe in a real browser in light and dark, and the sheets of its PDF."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from propkit.reporting import outline as sections
from propkit.reporting.pdf import find_browser, print_page
from propkit.workspace import Workspace
from tests import outlines
from tests.conftest import propkit

REPORTS = [pytest.param(name, marks=[] if name == "monthly_review" else pytest.mark.slow) for name in outlines.RUNS]
browser_needed = pytest.mark.skipif(not find_browser(), reason="no Chromium, Chrome or Edge on this machine")


@pytest.fixture(scope="module", params=REPORTS)
def page(request: pytest.FixtureRequest, demo_workspace: Workspace, monthly: Path) -> Path:
    """The page of each report in turn: the monthly one in every run, the others in the long one."""
    path = outlines.page_of(demo_workspace.reports, request.param)
    if not path.is_file():
        done = propkit(demo_workspace, "run", *outlines.arguments(request.param))
        assert done.returncode == 0, done.stdout + done.stderr
    return path


def test_a_page_is_built_as_its_outline_says(page: Path) -> None:
    report = page.name.partition(".")[0]
    kept = (outlines.FOLDER / f"{report}.txt").read_text("utf-8")
    assert outlines.outline(page.read_text("utf-8")) == kept, "python -m tests.outlines writes it anew"


def test_a_page_holds_every_item_that_its_report_asks_for(page: Path) -> None:
    """Each has its place: a figure or list, or the words that it is missing; some are told by a call of their own."""
    report = page.name.partition(".")[0]
    asked = [one for part in sections.sections(report) for one in sections.contents(report, part)]
    body = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    held = {tag["id"].removeprefix("i-") for tag in body.select("[id^=i-]")}
    source = (outlines.ROOT / "notebooks" / f"{report}.ipynb").read_text("utf-8")
    own = {"satisfaction_change_pp"} if "show.satisfaction_change(book)" in source else set()

    assert report == "portfolio" or len(asked) > 30
    assert [one for one in asked if one not in held | own and f'\\"{one}\\"' not in source] == []


def test_a_chinese_page_shows_no_id_that_only_code_knows(page: Path) -> None:
    body = BeautifulSoup(page.read_text("utf-8"), "html.parser").main
    words = [part.strip() for part in body.find_all(string=True)]
    coded = [part for part in words if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+|[a-z]{4,}", part)]
    assert words and coded == []


def test_every_picture_has_words_with_the_figures_behind_it(page: Path) -> None:
    body = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    pictures = body.select("svg[role=img]")
    said = [picture.desc.get_text() if picture.desc else picture["aria-label"] for picture in pictures]
    assert pictures and all(len(words) > 8 and re.search(r"\d|无数据|没有", words) for words in said)
    titled = [picture for picture in body.select("figure svg.pk-w") if picture.title and picture.title.get_text()]
    assert len(titled) == len(body.select("figure svg.pk-w"))


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.mark.browser
@browser_needed
@pytest.mark.parametrize(("scheme", "width"), [*itertools.product(("light", "dark"), (390, 1280))])
def test_axe_finds_nothing_serious(page: Path, chromium: object, scheme: str, width: int) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    shown = chromium.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked, said = [], []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("console", lambda message: said.append(message.text))
    shown.on("pageerror", lambda error: said.append(str(error)))
    shown.goto(page.as_uri())
    shown.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    sideways = shown.evaluate("document.documentElement.scrollWidth") - width
    found = axe.Axe().run(shown).response
    shown.close()
    grave = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    assert [(one["id"], one["nodes"][0]["html"]) for one in grave] == []
    assert found["passes"] and sideways <= 0
    assert ([url for url in asked if not url.startswith(("file:", "data:"))], said) == ([], [])


@pytest.fixture(scope="module")
def sheets(page: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The text of each numbered A4 sheet of the printed page, as a reader would select and copy it, without blanks."""
    if shutil.which("pdftotext") is None:
        pytest.skip("poppler's pdftotext is not installed")
    folder = tmp_path_factory.mktemp("pdf")
    made = folder / "page.pdf"
    made.write_bytes(print_page(page.read_text("utf-8"), find_browser(), folder, as_of="2025-10-08"))
    told = subprocess.run(["pdfinfo", str(made)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Page size: +59[45]\S* x 84[12]\S* pts", told), told
    feet = [_bare(sheet.rstrip().rpartition("\n")[2]) for sheet in _text(made, "-layout")]
    assert feet == [f"{at}/{len(feet)}" for at in range(1, len(feet) + 1)]
    return [_bare(sheet) for sheet in _text(made, "-raw")]


def _text(made: Path, how: str) -> list[str]:
    done = subprocess.run(["pdftotext", how, str(made), "-"], capture_output=True, text=True, check=True)
    return done.stdout.split("\f")[:-1]


SHEETS = {"monthly_review": (8, 16), "annual_summary": (14, 28), "service_day": (5, 12), "rectification": (10, 24),
          "security_summary": (10, 24), "portfolio": (3, 8)}  # fmt: skip
"""The fewest and most sheets that a report may take."""


@pytest.mark.browser
@browser_needed
def test_the_printed_report_has_its_sheets_and_every_heading(page: Path, sheets: list[str]) -> None:
    least, most = SHEETS[page.name.partition(".")[0]]
    assert least <= len(sheets) <= most
    assert all(len(sheet) > 60 for sheet in sheets)
    body = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    for heading in body.select("h1, h2"):
        assert any(_bare(heading.get_text()) in sheet for sheet in sheets), heading


@pytest.mark.browser
@browser_needed
def test_no_heading_stands_at_the_foot_of_a_sheet(page: Path, sheets: list[str]) -> None:
    body = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    headings = tuple(_bare(heading.get_text()) for heading in body.select("h2, h3"))
    written = [sheet.removesuffix(f"{at}/{len(sheets)}") for at, sheet in enumerate(sheets, 1)]
    assert [sheet[-20:] for sheet in written if sheet.endswith(headings)] == []


@pytest.mark.browser
@browser_needed
def test_no_chart_and_no_table_row_is_split_between_sheets(page: Path, sheets: list[str]) -> None:
    body = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    for figure in body.select("figure"):
        title = _bare(figure.select_one(".t").get_text())
        drawn = [_bare(text.get_text()) for text in figure.select("svg.pk-w text")]
        assert any(title in sheet and all(words in sheet for words in drawn) for sheet in sheets), title
    for row in body.select("table.pk-table tr"):
        if not row.find_parent("details"):
            cells = [_bare(cell.get_text()) for cell in row.find_all(["th", "td"])]
            assert any(all(words in sheet for words in cells) for sheet in sheets), cells


@pytest.mark.browser
@browser_needed
def test_the_head_of_a_table_is_on_every_sheet_with_its_rows(page: Path, sheets: list[str]) -> None:
    body = BeautifulSoup(page.read_text("utf-8"), "html.parser")
    for table in body.select("table.pk-table"):
        rows = [_bare(row.get_text()) for row in table.select("tbody tr")]
        if table.find_parent("details") or min(map(len, rows)) < 12:
            continue
        head = _bare(table.thead.get_text())
        for sheet in sheets:
            held = [row for row in rows if row in sheet]
            assert not held or head in sheet, (head, held[0])


def _bare(words: str) -> str:
    return re.sub(r"\s+", "", words)
