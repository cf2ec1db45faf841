"""Percentages that an export prints itself, beside the numbers they claim to come from.  They are checked, never used.

A real property system prints 100 % collected for every building with arrears; a reader of that export must be told.
"""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.model import Column, Cut, Table
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
PUBLISHED = Table(
    name="published_rate",
    label=Text("导出中印出的百分比", "Percentages printed in exports"),
    columns={
        "kpi": Column("id", label=Text("指标", "KPI"), required=True, headers=("指标", "指标编号", "kpi")),
        "month_on": Column("month", label=Text("月份", "Month"), required=True, planned=True,
                           headers=("月份", "统计月份", "month_on")),
        "group": Column("text", label=Text("分组", "Group"), headers=("分组", "楼栋", "部门", "group")),
        "numerator_milli": Column("decimal", label=Text("分子", "Numerator"), headers=("分子", "numerator")),
        "denominator_milli": Column("decimal", label=Text("分母", "Denominator"), headers=("分母", "denominator")),
        "printed_milli": Column("decimal", label=Text("印出的百分比", "Printed percentage"), required=True,
                                headers=("百分比", "比率", "完成率", "printed")),
    },
    key=("community", "kpi", "month_on", "group"),
    dated_by="month_on",
)
TABLES = (PUBLISHED,)
DERIVED = ()
SEGMENTS = ()
KPIS = ()
DURATIONS = ()
READINGS = ()
NOTES = ()
# fmt: on

TOLERANCE_MILLI = 100
"""A printed percentage may differ by rounding: a tenth of a point."""


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Add `recomputed_milli`, the percentage that the printed halves really give: missing where one of them is or 0/0."""
    rows = known["published_rate"]
    whole = rows["denominator_milli"].where(rows["denominator_milli"] != 0)
    share = rows["numerator_milli"].astype("Float64") / whole.astype("Float64") * 100_000
    return {"published_rate": rows.assign(recomputed_milli=share.round().astype("Int64"))}


def contradictions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the derived rows whose printed percentage is not what its own halves give (0/0 gives none)."""
    apart = (rows["printed_milli"] - rows["recomputed_milli"]).abs() > TOLERANCE_MILLI
    empty = rows["denominator_milli"].eq(0) & rows["printed_milli"].notna()
    return rows[(apart | empty).fillna(False)]
