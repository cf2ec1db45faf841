"""A fee summary as one system exports it, with percentages that it prints itself; one of them is wrong wherever it matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from propkit.demo.chance import Chance
from propkit.demo.estates import YINHE, Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

MONTH = datetime(2025, 9, 1)

LAYOUTS = (
    Layout(
        "published_rate",
        "yinhe",
        "yinhe/费用汇总表_20251008.csv",
        fields("指标=kpi 月份=month_on 楼栋=group 分子=numerator_milli 分母=denominator_milli 百分比=printed_milli"),
        "系统自己印出的百分比：清缴率凡有欠费就印 100%，check 会指出来",
        preset="plain",
        known=("*",),
    ),
)


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return what the summary prints, building by building: yuan in thousandths, percentages in thousandths of a point."""
    chance, found = Chance(seed, "published"), []
    for block in YINHE.blocks:
        due = chance.between(20_000, 30_000)
        paid = due * chance.between(70, 95) // 100
        owed = chance.between(0, 4) * 500
        found.append(_row(block.number, "fee_collection_rate_current", paid, due, round(paid * 100_000 / due, -2)))
        found.append(_row(block.number, "arrears_recovery_rate", owed // 5, owed, 100_000 if owed else 0))
    return {"published_rate": found}


def _row(block: int, kpi: str, numerator: int, denominator: int, printed: float) -> Row:
    halves = {"numerator_milli": numerator * 1000, "denominator_milli": denominator * 1000}
    place = {"community": YINHE.id, "kpi": kpi, "month_on": MONTH, "group": f"{block}栋"}
    return {**place, **halves, "printed_milli": int(printed)}
