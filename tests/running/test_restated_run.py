"""From a corrected export to the page of the next month, by commands alone, as a person would."""

from __future__ import annotations

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from bs4 import BeautifulSoup

from propkit.reporting.restated import REASONS
from propkit.workspace import Workspace, open_workspace
from tests.conftest import propkit

PLACE = "lanting"
ORDERS, ACTIONS = (f"lanting/{name}_20251008.csv" for name in ("报修工单", "整改台账"))


@pytest.fixture
def company(demo_workspace: Workspace, tmp_path: Path) -> Workspace:
    """The demo company of one's own, nothing published yet."""
    left_out = shutil.ignore_patterns("reports", "told", "published", "failed", "manifest.jsonl")
    shutil.copytree(demo_workspace.root, tmp_path / "w", ignore=left_out)
    return open_workspace(tmp_path / "w")


def _propkit(company: Workspace, *arguments: str) -> str:
    done = propkit(company, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _page(company: Workspace, month: str, *more: str) -> BeautifulSoup:
    _propkit(company, "run", "monthly_review", "-c", PLACE, "-p", month, "--report-lang", "zh", *more)
    page = company.reports / "internal" / PLACE / month / "monthly_review.zh.html"
    return BeautifulSoup(page.read_text("utf-8"), "html.parser")


def _changed(page: BeautifulSoup) -> dict[tuple[str, str], str]:
    """What the page says has changed since August's report: figure and period -> why."""
    found = {}
    for table in page.find_all("table"):
        if table.caption and table.caption.get_text().startswith("与2025年8月报告"):
            for row in table.tbody.find_all("tr"):
                cells = [cell.get_text(strip=True) for cell in row.find_all(["th", "td"])]
                found[cells[0], cells[1]] = cells[-1]
    return found


def _lines(path: Path) -> list[list[str]]:
    return list(csv.reader(io.StringIO(path.read_text("utf-8-sig"))))


def _write(path: Path, lines: list[list[str]]) -> None:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    path.write_text(out.getvalue(), "utf-8-sig")


def _drop_an_august_order(path: Path) -> None:
    """Take out a work order that was reported and done in August, and on the books only once."""
    head, *lines = _lines(path)
    number, reported, done = (head.index(name) for name in ("工单编号", "报修时间", "完成时间"))
    numbers = [line[number] for line in lines if len(line) > number]
    gone = next(
        line for line in lines
        if len(line) > done and line[reported].startswith("2025-08") and line[done].startswith("2025-08")
        and numbers.count(line[number]) == 1
    )  # fmt: skip
    _write(path, [head, *(line for line in lines if line is not gone)])


def _add_an_august_action(path: Path) -> None:
    head, *lines = _lines(path)
    told = {
        "编号": "LTG-202508-99", "问题描述": "夜间维修慢", "问题类别": "服务质量低下", "对应指标": "repairs_on_time_rate",
        "措施": "增设夜班", "责任部门": "工程部", "类型": "改进措施", "提出日期": "2025.8.4", "计划完成日期": "2025.8.22",
        "完成日期": "2025.8.20", "基线值": "84", "达标线": "90", "方向": "越高越好", "状态": "已完成",
    }  # fmt: skip
    at = max(index for index, line in enumerate(lines) if line and line[0].startswith("LTG-")) + 1
    _write(path, [head, *lines[:at], [told.get(name, "") for name in head], *lines[at:]])


def _effects(company: Workspace) -> dict[str, dict]:
    said = _propkit(
        company, "values", "measure_effects", "-c", PLACE, "--rows", "--period", "2025-09", "--format", "json"
    )
    return {row["action_id"]: row for row in json.loads(said)["rows"]}


def test_a_corrected_export_and_a_new_action_reach_the_next_report(company: Workspace) -> None:
    assert _changed(_page(company, "2025-08", "--as-of", "2025-09-05")) == {}
    before = _changed(_page(company, "2025-09"))
    assert set(before.values()) == {REASONS["later"].zh}

    _drop_an_august_order(company.raw / ORDERS)
    _add_an_august_action(company.raw / ACTIONS)
    _propkit(company, "ingest")

    after = _changed(_page(company, "2025-09"))
    assert after["报修响应及时率", "2025年8月"] == REASONS["data"].zh
    assert after["一次性修复率", "2025年8月"] == REASONS["both"].zh
    assert after["户数收缴率", "2025年8月"] == REASONS["later"].zh
    told = _effects(company)["LTG-202508-99"]
    assert told["done_on"].startswith("2025-08-20")
    assert (told["kpi"], told["plan"]) == ("repairs_on_time_rate", "增设夜班")
    assert told["den_before"] > 0
    assert told["den_after"] > 0
