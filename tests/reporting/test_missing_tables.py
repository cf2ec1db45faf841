"""Every report with one table or half of them taken away: it renders, names what each figure lacks, and shows no 0 for it."""

from __future__ import annotations

import ast
import html
import json
import random
import re
import shutil
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from propkit import domains
from propkit.model import Definitions, Duration, Kpi
from propkit.reporting import items, outline
from propkit.reporting.book import Book
from tests.worlds import COMMUNITIES, frames, world

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
PERIODS = {
    "monthly_review": "2025-07",
    "annual_summary": "2025-01..2025-09",
    "service_day": "2025-09-12",
    "rectification": "2025-05..2025-09",
    "security_summary": "2025-01..2025-09",
    "portfolio": "2025-07",
}
SEED, SIZE, AS_OF = 27, 60, datetime(2025, 10, 8, 23, 59, 59)
QUICK = {
    "monthly_review": ("survey_response",),
    "service_day": ("service_day_task",),
    "portfolio": ("work_order",),
}
"""The pairs of the usual run; the long one takes every table away from every report."""
QUICK_HALVES = {"security_summary": 3, "portfolio": 3}
HALVES = range(5)
"""Seeds of the halves of the long run; each report loses each of them."""
SETTINGS = (
    """
[workspace]
as_of = "2025-10-08"
[[rectification]]
community = "yinhe"
start = "2025-05"
[[target]]
kpi = "repairs_on_time_rate"
value = 90
[[target]]
kpi = "fee_collection_rate_current"
value = 95
"""
    + "".join(f'[[community]]\nid = "{place}"\nname = "{place}"\nhouseholds = 300\n' for place in COMMUNITIES)
    + "".join(
        f'[[survey]]\nid = "{wave}"\nlabel = "{wave}"\nperiod = "{month}"\ninvited = {{yinhe = 60, lanting = 60}}\n'
        for wave, month in (("w1", "2025-03"), ("w2", "2025-07"))
    )
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace in whose store every table has rows."""
    root = tmp_path_factory.mktemp("whole")
    (root / "propkit.toml").write_text(SETTINGS, encoding="utf-8")
    made = world(SEED, SIZE)._replace(as_of=AS_OF, definitions=Definitions())
    for name, rows in frames(made.tables).items():
        for place, ours in rows.groupby("community"):
            path = root / "store" / "rows" / name / f"{place}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            ours.reset_index(drop=True).to_parquet(path)
    return root


def test_the_world_holds_rows_of_every_table(whole: Path) -> None:
    """Else nothing would be taken away below."""
    kept = {path.parent.name for path in (whole / "store" / "rows").glob("*/yinhe.parquet")}

    assert set(domains.TABLES) - kept == {"published_rate"}  # on which no figure rests


@pytest.mark.parametrize(("report", "table"), [(report, table) for report, names in QUICK.items() for table in names])
def test_a_report_says_what_it_lacks_when_a_table_is_missing(
    whole: Path, tmp_path: Path, report: str, table: str
) -> None:
    _check(report, [table], whole, _without([table], whole, tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("table", domains.TABLES)
@pytest.mark.parametrize("report", PERIODS)
def test_every_report_says_what_it_lacks_when_any_table_is_missing(
    whole: Path, tmp_path: Path, report: str, table: str
) -> None:
    _check(report, [table], whole, _without([table], whole, tmp_path))


@pytest.mark.parametrize(("report", "seed"), QUICK_HALVES.items())
def test_a_report_without_half_of_its_tables_is_complete_and_honest(
    whole: Path, tmp_path: Path, report: str, seed: int
) -> None:
    _check_half(report, seed, whole, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("seed", HALVES)
@pytest.mark.parametrize("report", PERIODS)
def test_every_report_without_any_half_of_its_tables_is_complete_and_honest(
    whole: Path, tmp_path: Path, report: str, seed: int
) -> None:
    _check_half(report, seed, whole, tmp_path)


def _check_half(report: str, seed: int, whole: Path, folder: Path) -> None:
    gone = random.Random(seed).sample(sorted(domains.TABLES), len(domains.TABLES) // 2)
    html_of_page, lost = _check(report, gone, whole, _without(gone, whole, folder))
    asked, _ = _known(report, whole)
    anchors = set(re.findall(r'id="i-([a-z_0-9]+)"', html_of_page))
    listed = {one for part in outline.sections(report) for one in outline.contents(report, part)}

    cells = "".join(_cells(report))
    told_apart = {"satisfaction_change_pp"} if "show.satisfaction_change(book)" in cells else set()

    assert lost
    assert [one for one in asked if one in listed - anchors - told_apart and f'"{one}"' not in cells] == []


def _check(report: str, gone: list[str], whole: Path, root: Path) -> tuple[str, list[str]]:
    """Hold a report without these tables against the whole one; return its HTML and the items that it lost."""
    asked, known = _known(report, whole)
    book, html_of_page = _made(report, root)
    page = list(_lines([html_of_page]))
    labels = [f"「{domains.TABLES[table].label.zh}」" for table in gone]

    lost = [one for one in known if not _is_known(book, one)]
    direct = [one for one in asked if getattr(items.ITEMS[one], "table", "") in gone]

    assert not [one for one in direct if _is_known(book, one)]
    for one in lost:
        name = items.ITEMS[one].label.zh
        said = [line for line in page if any(label in line for label in labels)]
        assert any(_names(line, name) for line in said), (one, name)
        assert not [line for line in page if line.partition("|")[0] == name and re.search(r"\d", line)], one
    return html_of_page, lost


def _names(line: str, label: str) -> bool:
    return bool(re.search(rf"(^|[：、。|]){re.escape(label)}($|[：、。|])", line))


def _without(gone: Iterable[str], whole: Path, folder: Path) -> Path:
    root = folder / "w"
    shutil.copytree(whole, root)
    for table in gone:
        shutil.rmtree(root / "store" / "rows" / table, ignore_errors=True)
    return root


@cache
def _known(report: str, root: Path) -> tuple[list[str], list[str]]:
    """The computed items that a report shows, and those of them that are known with every table there."""
    book, _ = _made(report, root, 2)
    source = "".join(_cells(report))
    listed = [
        one
        for section in outline.sections(report)
        if f'"{section}"' in source
        for one in outline.contents(report, section)
    ]
    named = re.findall(r'"([a-z_0-9]+)"', source)
    asked = [one for one in dict.fromkeys([*listed, *named]) if _computed(one)]
    return asked, [one for one in asked if _is_known(book, one)]


def _computed(item_id: str) -> bool:
    one = items.ITEMS.get(item_id)
    return (
        isinstance(one, Kpi | Duration)
        or item_id in domains.READINGS
        or item_id in ("satisfaction_change_pp", "complaint_rate_change")
    )


def _is_known(book: Book, item_id: str) -> bool:
    one = items.ITEMS[item_id]
    if isinstance(one, Kpi) and one.split_only:
        return book.splits(item_id, one.by)
    if isinstance(one, Kpi):
        return bool((_figures(book)[item_id] != "no_data").any())
    return len(book.durations(item_id)) > 0 if isinstance(one, Duration) else items.rows(item_id, book) is not None


def _figures(book: Book) -> dict:
    """The states of every figure of the period, reckoned once for each book."""
    if not hasattr(book, "states"):
        whole = [kpi_id for kpi_id, kpi in domains.KPIS.items() if not kpi.split_only]
        rates = book.sides(whole) if book.report == "portfolio" else book.rates(whole)
        book.states = {kpi_id: rows for kpi_id, rows in rates.groupby("kpi")["state"]}
    return book.states


def _made(report: str, root: Path, cells: int | None = None) -> tuple[Book, str]:
    """Run the (first) cells of a report's notebook here; return its book and the HTML of its page."""
    spaces: dict[str, object] = {}
    shown = []
    for number, cell in enumerate(_cells(report)[:cells]):
        tree = ast.parse(cell)
        last = tree.body[-1]
        if isinstance(last, ast.Expr):
            name = ast.Name("_shown", ast.Store())
            tree.body[-1] = ast.Assign([name], last.value)
        exec(compile(ast.fix_missing_locations(tree), report, "exec"), spaces)
        shown.append(spaces.pop("_shown", None))
        if number == 0:
            period = next(name for name in ("month", "period", "day") if name in spaces)
            spaces |= {"workspace": str(root), period: PERIODS[report]}
    return spaces["book"], "\n".join(getattr(piece, "html", "") for piece in shown)


@cache
def _cells(report: str) -> list[str]:
    cells = json.loads((NOTEBOOKS / f"{report}.ipynb").read_text("utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def _lines(pieces: Iterable[str]) -> Iterable[str]:
    """The lines of a page as text, cells apart by bars."""
    for piece in pieces:
        cut = re.sub(r"</(tr|li|p|div|dl|figure|caption|summary|table)>", "\n", piece)
        cells = re.sub(r"(\s*<[^>]+>\s*)+", "|", cut.replace("\n", "\0"))
        for line in html.unescape(cells).replace("\0", "\n").split("\n"):
            if line.strip("| "):
                yield line.strip("| ")
