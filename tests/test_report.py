"""The main job on the demo company: raw exports in, figures equal to the truth, the same page by every way of making it."""

from __future__ import annotations

import html.parser
import itertools
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pandas as pd
import pytest

import propkit as pk
from propkit import store
from propkit.reporting import page
from propkit.reporting.pdf import find_browser
from propkit.workspace import Workspace
from tests.conftest import propkit
from tests.outlines import MONTH, ROOT


@pytest.fixture(scope="module")
def workspace(demo_workspace: Workspace) -> Workspace:
    return demo_workspace


@pytest.fixture(scope="module")
def made(monthly: Path) -> Path:
    return monthly


class _Outline(html.parser.HTMLParser):
    """What a page is made of: headings, addresses, pictures with their words."""

    def __init__(self) -> None:
        super().__init__()
        self.headings: list[str] = []
        self.addresses: list[str] = []
        self.pictures = self.described = 0
        self.attributes: dict[str, str] = {}
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("href", "src", "action")]
        if tag in ("h1", "h2"):
            self._open.append(tag)
        if tag == "html":
            self.attributes = {name: value or "" for name, value in attrs}
        if tag == "svg" and found.get("role") == "img":
            self.pictures += 1
            self.described += bool(found.get("aria-label") or found.get("aria-labelledby"))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "h2") and self._open:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        if self._open:
            self.headings.append(f"{self._open[-1]} {data}")


def _outline(path: Path) -> _Outline:
    outline = _Outline()
    outline.feed(path.read_text("utf-8"))
    return outline


def test_page_is_whole_and_asks_for_nothing_outside(made: Path) -> None:
    outline = _outline(made)

    assert outline.attributes["lang"] == "zh-CN"
    assert [words for words in outline.headings if words.startswith("h1")] == ["h1 银河湾 物业服务月度复盘"]
    assert len([words for words in outline.headings if words.startswith("h2")]) >= 8
    assert not [address for address in outline.addresses if re.match(r"(https?:)?//", address)]
    assert outline.pictures == outline.described > 10
    assert made.stat().st_size < 400_000
    assert "Traceback" not in made.read_text("utf-8")


def _pages(workspace: Workspace) -> list[Path]:
    return sorted(workspace.reports.rglob("monthly_review.*.html"))


def test_every_page_keeps_its_budget(made: Path, workspace: Workspace) -> None:
    for path in _pages(workspace):
        text = path.read_text("utf-8")
        assert len(text.encode()) <= 200_000, path
        assert len(re.findall(r"<[a-z]", text)) <= 3_400, path


def test_every_page_can_be_read_by_ear(made: Path, workspace: Workspace) -> None:
    for path in _pages(workspace):
        text = path.read_text("utf-8")
        ids = re.findall(r'\sid="([^"]+)"', text)
        named = {name for names in re.findall(r'aria-labelledby="([^"]+)"', text) for name in names.split()}
        tags = re.findall(r"<(h1|main|nav|footer|header)\b", text)
        assert {tag: tags.count(tag) for tag in set(tags)} == dict.fromkeys(
            ("h1", "main", "nav", "footer", "header"), 1
        )
        assert len(ids) == len(set(ids)) and named <= set(ids)
        assert not re.search(r"<th(?![^>]*\bscope=)[\s>]", text)
        assert not re.search(r"<(title|desc)\b[^>]*>\s*</|<a\b[^>]*>\s*</a>", text)
        assert all("aria-label" in tag for tag in re.findall(r'<svg[^>]*role="img"[^>]*>', text))
        assert not re.search(r"<img(?![^>]*\balt=\"[^\"]+\")", text)
        levels = [int(level) for level in re.findall(r"<h([1-6])\b", text)]
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


@pytest.mark.browser
@pytest.mark.skipif(not find_browser(), reason="no Chromium, Chrome or Edge on this machine")
def test_every_page_fits_a_phone_in_light_and_dark(made: Path, workspace: Workspace) -> None:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    asked: list[str] = []
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_browser(), args=["--no-sandbox", "--disable-gpu"])
        for path, scheme in itertools.product(_pages(workspace), ("light", "dark")):
            shown = browser.new_page(viewport={"width": 390, "height": 800}, color_scheme=scheme)
            shown.on("request", lambda request: asked.append(request.url))
            shown.on("console", lambda message: asked.append(message.text))
            shown.goto(path.as_uri())
            assert shown.evaluate("document.documentElement.scrollWidth") <= 390, (path, scheme)
            assert shown.evaluate(_SMALLEST_TEXT) >= 11, path
            assert shown.evaluate(_FAINT) == [], (path, scheme)
            shown.close()
        browser.close()
    assert [words for words in asked if not words.startswith(("file:", "data:"))] == []


_SMALLEST_TEXT = """Math.min(...[...document.querySelectorAll('.pk-n text')].map(t => {
  const s = t.ownerSVGElement;
  return parseFloat(getComputedStyle(t).fontSize) * s.getBoundingClientRect().width / s.viewBox.baseVal.width}))"""
_FAINT = """(() => {
  const parts = c => c.match(/[\\d.]+/g).map(Number);
  const light = c => c.slice(0, 3).map(v => v / 255).map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
  const ground = e => { for (; e; e = e.parentElement) { const c = parts(getComputedStyle(e).backgroundColor);
    if (c.length < 4 || c[3] > 0) return c } return [255, 255, 255] };
  const faint = [];
  for (const e of document.querySelectorAll('body *:not(svg *)')) {
    if (![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim()) || !e.checkVisibility()) continue;
    const pair = [light(parts(getComputedStyle(e).color)), light(ground(e))].sort((a, b) => b - a);
    if ((pair[0] + .05) / (pair[1] + .05) < 4.5) faint.push(e.className + ' ' + e.textContent.slice(0, 20)) }
  return faint })()"""
"""The contrast of every text with what is behind it, as a reader's browser has it (WCAG 2, at least 4.5)."""


def test_page_names_no_path_and_no_person(made: Path, workspace: Workspace) -> None:
    text = made.read_text("utf-8")

    assert str(workspace.root) not in text
    assert not re.search(r"(?<!\d)1[3-9]\d{9}(?!\d)", re.sub(r"data:[^\"]*", "", text))
    assert "测试业主" not in text


def test_second_run_does_nothing_and_says_so(made: Path, workspace: Workspace) -> None:
    before = made.stat().st_mtime_ns
    done = propkit(workspace, "run", "monthly_review", "--community", "yinhe", "--period", MONTH)

    assert done.returncode == 0
    assert "nothing has changed" in done.stdout
    assert made.stat().st_mtime_ns == before


def test_forced_run_gives_the_same_bytes(made: Path, workspace: Workspace) -> None:
    before = made.read_bytes()
    done = propkit(workspace, "run", "monthly_review", "--community", "yinhe", "--period", MONTH, "--force")

    assert done.returncode == 0
    assert made.read_bytes() == before


def test_plain_papermill_gives_the_same_body(made: Path, workspace: Workspace, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    notebook = ROOT / "notebooks" / "monthly_review.ipynb"
    command = [sys.executable, "-m", "papermill", str(notebook), str(out), "-p", "workspace", str(workspace.root),
               "-p", "community", "yinhe", "-p", "month", MONTH, "-k", "python3", "--no-progress-bar"]  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT, env=environment)

    rendered = page.render(nbformat.read(out, 4), title="x", lang="zh", meta={})

    assert _body(rendered) == _body(made.read_text("utf-8"))


def _body(text: str) -> str:
    return text[text.index("<main") : text.index("</main>")]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--community", "yinge", "--period", MONTH), 2, "did you mean"),
        (("--community", "yinhe", "--period", "2025-13"), 2, "2025-13"),
        (("--community", "yinhe", "--period", "2019-01"), 1, "2024-09"),
        (("--community", "yinhe", "--period", MONTH, "--edition", "ownr"), 2, "owner"),
    ],
)
def test_wrong_parameters_give_a_sentence_and_an_exit_code(
    workspace: Workspace, arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = propkit(workspace, "run", "monthly_review", *arguments)

    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_english_owner_edition_shows_no_single_case(workspace: Workspace) -> None:
    done = propkit(
        workspace, "run", "--community", "lanting", "--period", MONTH, "--edition", "owner", "--report-lang", "en"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    text = (workspace.reports / "owner" / "lanting" / MONTH / "monthly_review.en.html").read_text("utf-8")
    orders = store.load(workspace, ["lanting"])["work_order"]["order_id"]

    assert 'lang="en"' in text
    assert not [order for order in orders if order in text]


def test_values_prints_the_columns_of_the_contract(workspace: Workspace) -> None:
    done = propkit(workspace, "values", "first_time_fix_rate", "--by", "owner_type", "--format", "csv")

    assert done.stdout.splitlines()[0] == "kpi,community,period,segment,n,num,den,value,low,high,state"
    assert {line.split(",")[3] for line in done.stdout.splitlines()[1:]} >= {"owner", "tenant", "landlord"}


def test_figures_at_an_earlier_cut_off_do_not_see_later_events(workspace: Workspace) -> None:
    early = pd.Timestamp("2025-08-15 23:59:59")
    tables = pk.derive(store.load(workspace, ["yinhe"]), workspace.cut(early))

    assert tables["work_order"]["reported_at"].max() <= early
    assert tables["work_order"]["completed_at"].max() <= early
    assert tables["fee_bill"]["paid_fen"].sum() < pk.derive(
        store.load(workspace, ["yinhe"]), workspace.cut(pd.Timestamp("2025-10-08"))
    )["fee_bill"]["paid_fen"].sum()  # fmt: skip
