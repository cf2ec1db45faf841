"""Figures that speak against their export: bands, swings, and percentages that an export prints itself."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from propkit import domains, store
from propkit.domains.plausible import BANDS
from propkit.reporting import plausibility
from propkit.workspace import Workspace, open_workspace

SETTINGS = """
[workspace]
as_of = "2025-09-30"
[[community]]
id = "yinhe"
name = "银河湾"
[[source]]
table = "work_order"
files = "工单.csv"
[[source]]
table = "published_rate"
files = "汇总.csv"
[source.columns]
group = "楼栋"
month_on = "月份"
numerator_milli = "当期实收"
denominator_milli = "当期应收"
printed_milli = "收费率"
[source.constants]
kpi = "fee_collection_rate_current"
[[source]]
table = "published_rate"
files = "汇总.csv"
[source.columns]
group = "楼栋"
month_on = "月份"
numerator_milli = "欠费追回"
denominator_milli = "欠费"
printed_milli = "清缴率"
[source.constants]
kpi = "arrears_recovery_rate"
"""
# The second rate is 100 % wherever there are arrears, as a real system prints it; the third line has no arrears at all.
SUMMARY = "楼栋,月份,当期应收,当期实收,收费率,欠费追回,欠费,清缴率\n" + "\n".join(
    (
        "1栋,2025年8月,200,175,87.5%,30,120,100%",
        "2栋,2025-08,400,399,99.8%,0,50,100.0%",
        "3栋,202508,300,300,100%,0,0,0%",
    )
)


def _orders(shares: dict[str, float]) -> str:
    """Forty routine orders a month with a due time, so many of them on time."""
    lines = ["工单编号,房号,紧急程度,状态,报修时间,要求完成时间,完成时间"]
    for month, share in shares.items():
        for at in range(40):
            start = datetime.strptime(f"{month}-02 08:00", "%Y-%m-%d %H:%M") + timedelta(hours=at)
            done = start + timedelta(hours=4 if at < 40 * share else 60)
            due = start + timedelta(hours=24)
            lines.append(f"{month}-{at},1-1-101,一般,办理完成,{start},{due},{done}")
    return "\n".join(lines) + "\n"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "propkit.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "raw").mkdir()
    shares = {"2025-05": 0.9, "2025-06": 0.35, "2025-07": 0.9, "2025-08": 0.3}
    (tmp_path / "raw" / "工单.csv").write_text(_orders(shares), "utf-8")
    (tmp_path / "raw" / "汇总.csv").write_text(SUMMARY + "\n", "utf-8")
    opened = open_workspace(tmp_path)
    store.ingest(opened)
    return opened


def _texts(workspace: Workspace, kind: str) -> list[str]:
    return [text.en for found, _, text in plausibility.findings(workspace) if found == kind]


def test_bands_name_figures_that_exist_and_are_in_order() -> None:
    assert len({band.kpi for band in BANDS}) == len(BANDS)
    for band in BANDS:
        assert band.kpi in domains.KPIS and band.low < band.high and band.source.zh and band.source.en


def test_figure_outside_its_band_is_told_once_for_the_latest_month(workspace: Workspace) -> None:
    (told,) = [text for text in _texts(workspace, "implausible") if "Repairs on time" in text]
    assert told.startswith("2025-08 Repairs on time 30.0 %") and "50–99.9" in told


def test_swing_is_told_when_a_share_jumps_and_not_when_it_creeps(workspace: Workspace) -> None:
    swings = [text for text in _texts(workspace, "swing") if text.startswith("Repairs on time ")]
    assert len(swings) == 3
    assert "90.0% (2025-05) to 35.0% (2025-06)" in swings[0]


def test_printed_percentage_is_held_against_its_own_halves(workspace: Workspace) -> None:
    told = _texts(workspace, "published")
    assert len(told) == 3
    assert "1栋 arrears_recovery_rate: printed 100%, its own halves give 25.0%" in told[0]
    assert "2栋 arrears_recovery_rate: printed 100%, its own halves give 0.0%" in told[1]
    assert "3栋 arrears_recovery_rate: printed 0%, its own halves give —" in told[2]
    assert all("汇总.csv:" in text for text in told)


def test_printed_percentage_of_a_community_is_held_against_our_figure(workspace: Workspace) -> None:
    path = workspace.raw / "总表.csv"
    path.write_text("指标,月份,百分比\nrepairs_on_time_rate,2025-08,98%\nrepairs_on_time_rate,2025-07,90%\n", "utf-8")
    more = '[[source]]\ntable = "published_rate"\nfiles = "总表.csv"\n'
    (workspace.root / "propkit.toml").write_text(SETTINGS + more, "utf-8")
    opened = open_workspace(workspace.root)
    store.ingest(opened)

    (told,) = [text for text in _texts(opened, "published") if "recomputed" in text]
    assert told == "2025-08 Repairs on time: the export prints 98%, recomputed from its rows 30.0%"
