"""A page in a real browser: no sideways scroll on a phone, no requests, no errors, works without scripts."""

import dataclasses
import shutil

import pandas as pd
import pytest

from propkit.reporting import cards, charts, page, tables
from propkit.reporting.display import Heading
from propkit.reporting.index import render_index
from propkit.text import Text
from tests.reporting import samples as s
from tests.reporting.test_index import entry

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "msedge"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium, Chrome or Edge on this machine"),
]


@pytest.fixture(scope="module")
def chromium():
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    frame = pd.DataFrame({"编号": ["A-2", "A-10", "A-1"], "问题": ["电梯", "停车", "噪音"], "数": [3, 20, 1]})
    shown = [charts.show(chart, frame(), kpi, lang="zh") for chart, frame, kpi in (
        (charts.by_segment, s.segments, s.SATISFIED),
        (charts.trend, s.months, s.SATISFIED),
        (charts.survival, s.curve, s.HANDLING),
        (charts.pareto, s.categories, s.RECEIVED),
    )]  # fmt: skip
    long = dataclasses.replace(s.SATISFIED, kind="rate", unit=Text("件/千户·月", "per 1,000 household-months"))
    heat = tables.heat_map(s.segments(), {s.SATISFIED.id: s.SATISFIED}, lang="zh", title="分组")
    book = s.notebook(
        Heading("指标"),
        cards.cards(s.months(), [s.SATISFIED] * 3 + [long], period="2025-09", lang="zh"),
        "## 图",
        *shown,
        heat,
        "## 措施",
        tables.table(frame, caption="措施", lang="zh", searchable=True, stacked=True),
        cards.definition(s.SATISFIED, lang="zh"),
    )
    folder = tmp_path_factory.mktemp("page")
    meta = {"data": "0123456789abcdef" * 4, "parameters": {"community": "yinhe"}}
    (folder / "page.html").write_text(page.render(book, title="月报", lang="zh", meta=meta), encoding="utf-8")
    older = {
        "state": "failed",
        "reason": "缺列",
        "edition": "owner",
        "lang": "en",
        "report": "年度服务总结（全年与各季度）",
    }
    listed = render_index([entry(), entry(period="2025-08", **older)], lang="zh", title="报告")
    (folder / "index.html").write_text(listed, encoding="utf-8")
    return folder.as_uri()


@pytest.fixture
def opened(chromium, address):
    """Open a page of the folder; afterwards nothing may have been asked for or complained of."""
    asked, said, contexts = [], [], []

    def open_page(name="page.html", width=390, **options):
        contexts.append(chromium.new_context(viewport={"width": width, "height": 800}, **options))
        shown = contexts[-1].new_page()
        shown.on("request", lambda request: asked.append(request.url))
        shown.on("console", lambda message: said.append(message.text))
        shown.on("pageerror", lambda error: said.append(str(error)))
        shown.goto(f"{address}/{name}")
        return shown

    yield open_page
    for context in contexts:
        context.close()
    assert [url for url in asked if not url.startswith((address, "data:"))] == []
    assert said == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 390), ("dark", 390), ("light", 1280), ("dark", 1280)])
@pytest.mark.parametrize("name", ["page.html", "index.html"])
def test_axe_finds_nothing_serious(opened, name, scheme, width):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    found = axe.Axe().run(opened(name, width=width, color_scheme=scheme)).response
    assert [one["id"] for one in found["violations"] if one["impact"] in ("serious", "critical")] == []
    assert found["passes"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["page.html", "index.html"])
def test_a_phone_shows_the_page_without_scrolling_sideways(opened, name, scheme):
    shown = opened(name, color_scheme=scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 390


STICKING_OUT = """[...document.querySelectorAll('.pk-card, .pk-table th, .pk-table td')].filter(
    e => e.offsetParent && e.scrollWidth > e.clientWidth + 1 && e.clientWidth).map(e => e.textContent)"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("name", ["page.html", "index.html"])
def test_no_words_stick_out_of_their_card_or_cell(opened, name, width):
    assert opened(name, width=width).evaluate(STICKING_OUT) == []


def test_a_phone_sees_the_narrow_pictures_in_readable_size(opened):
    shown = opened()
    assert shown.locator("svg.pk-n:visible").count() == 4 and shown.locator("svg.pk-w:visible").count() == 0
    sizes = shown.evaluate(
        """[...document.querySelectorAll('.pk-n text')].map(t => { const s = t.ownerSVGElement;
        return parseFloat(getComputedStyle(t).fontSize) * s.getBoundingClientRect().width / s.viewBox.baseVal.width })"""
    )
    assert min(sizes) >= 11


def test_a_desk_sees_the_wide_pictures_and_the_contents(opened):
    shown = opened(width=1280)
    assert shown.locator("svg.pk-w:visible").count() == 4 and shown.locator("svg.pk-n:visible").count() == 0
    assert shown.locator(".toc a:visible").count() == 3


def test_tables_sort_by_their_values_and_say_so(opened):
    shown = opened(width=1280)
    table = shown.locator("table.searchable")
    table.get_by_role("button", name="数").click()
    assert table.locator("tbody th").all_inner_texts() == ["A-1", "A-2", "A-10"]
    table.get_by_role("button", name="数").click()
    assert table.locator("thead th").nth(2).get_attribute("aria-sort") == "descending"
    shown.get_by_label("筛选").fill("电梯")
    assert table.locator("tbody tr:visible").count() == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_the_index_filters_by_state(opened, width):
    shown = opened("index.html", width=width)
    shown.get_by_label("状态").select_option("failed")
    assert shown.locator("tbody tr:visible").count() == 1
    assert shown.locator(".filters [role=status]").inner_text() == "1 份"


def test_a_table_of_cards_on_a_phone_filters_and_names_its_cells(opened):
    shown = opened()
    shown.get_by_label("筛选").fill("电梯")
    table = shown.locator("table.searchable")
    assert table.locator("tbody tr:visible").count() == 1
    named = "e => getComputedStyle(e, '::before').content"
    assert table.locator("tbody td:visible").first.evaluate(named) == '"问题"'


def test_the_page_reads_in_full_without_scripts(opened):
    shown = opened(java_script_enabled=False)
    assert shown.locator("svg.pk-n").count() == 4 and shown.locator("tbody tr").count() > 20
    assert opened("index.html", java_script_enabled=False).locator("tbody tr").count() == 2
