"""Repairs, read from rows: the backlog, where the time goes, when orders come, and online against telephone."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.knowledge import given, sum_by
from propkit.domains.reading import during, listed, ranked, shaped, speaks
from propkit.domains.repairs_derived import balance
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

STAGES = {
    "dispatch": Text("报修至派单", "Report to dispatch"),
    "accept": Text("派单至接单", "Dispatch to acceptance"),
    "arrive": Text("接单至到场", "Acceptance to arrival"),
    "work": Text("到场至完工", "Arrival to completion"),
}
_STEPS = ("reported_at", "dispatched_at", "accepted_at", "arrived_at", "completed_at")
_ORDERS = Text("单", "orders")

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="work_order_backlog",
        label=Text("在修工单结存", "Open work orders"),
        tables=("work_order",),
        top=Text("期初未完＋当期报修－当期完工－未办理结单＝期末未完，逐项列出",
                 "open at the start + reported − completed − closed without work = open at the end, term by term"),
        columns={
            "opening": Column("whole", label=Text("期初未完", "Open at the start")),
            "received": Column("whole", label=Text("当期报修", "Reported")),
            "completed": Column("whole", label=Text("当期完工", "Completed")),
            "ended": Column("whole", label=Text("未办理结单", "Closed without work")),
            "closing": Column("whole", label=Text("期末未完", "Open at the end")),
        },
        headline=("last", "closing"), unit=_ORDERS, better="down", source="S0:71",
        note=Text("取消、重复单始终不计；没有完工时间的已结单按结单时间计为完工；数据开始之前报修的工单不在期初数内；没有完工时间一列的导出不计。",
                  "Cancelled and duplicate orders never count; a closed order without completion time is completed when closed; orders reported "
                  "before the data begin are not in the opening; exports without a completion column are left out."),
    ),
    Reading(
        id="process_improvement",
        label=Text("各环节用时", "Time by stage"),
        tables=("work_order",),
        top=Text("当期完工、五个时点（报修、派单、接单、到场、完工）齐全且先后无误的工单，各环节用时之和",
                 "minutes spent in each stage by orders completed in the period that have all five moments (report, dispatch, acceptance, arrival, completion) in order"),
        columns={
            "stage": Column("choice", label=Text("环节", "Stage"), choices=STAGES),
            "orders": Column("whole", label=Text("工单", "Orders")),
            "minutes": Column("whole", label=Text("本环节分钟", "Minutes in the stage")),
            "total_minutes": Column("whole", label=Text("四环节合计分钟", "Minutes in all four")),
            "left_out": Column("whole", label=Text("时点不全的工单", "Orders left out")),
        },
        headline=("sum", "minutes"), unit=Text("分钟", "minutes"), better="down", explained=True, source="S1:51",
        note=Text("各环节占比＝本环节分钟÷合计分钟；每段取整分钟；时点不全或颠倒的完工工单另计，不参与；自然时间（全天候），暂停时间未扣除。",
                  "Share of a stage = its minutes ÷ the total; each stretch in whole minutes; completed orders with a moment missing or out of order are "
                  "counted apart; calendar time, pauses included."),
    ),
    Reading(
        id="demand_and_resource_analysis",
        label=Text("报修时段分布", "Demand by weekday and hour"),
        tables=("work_order",),
        top=Text("当期报修的工单，按星期与钟点；没有工单的格不列",
                 "orders reported in the period by weekday and hour; cells without orders are not listed"),
        columns={
            "weekday": Column("whole", label=Text("星期（1＝周一）", "Weekday (1 = Monday)")),
            "hour": Column("whole", label=Text("钟点", "Hour")),
            "orders": Column("whole", label=Text("工单", "Orders")),
        },
        headline=("sum", "orders"), unit=_ORDERS, source="S3:82",
        note=Text("只有需求一侧：台账中没有按钟点的排班，人手是否覆盖须另查；只记日期、不记钟点的导出不计。",
                  "The demand side only: no table holds staffing by the hour, so whether it is covered has to be looked up elsewhere; exports that hold days without a time are left out."),
    ),
    Reading(
        id="digital_contribution",
        label=Text("线上与电话报修的响应", "Response online and by telephone"),
        tables=("work_order",),
        top=Text("当期报修且已接单的工单，按报修类型分别列出线上与电话的单数和响应分钟之和（报修至接单）",
                 "orders reported in the period and accepted, by category: number and sum of response minutes (report to acceptance) online and by telephone"),
        columns={
            "category": Column("text", label=Text("报修类型", "Category")),
            "online_orders": Column("whole", label=Text("线上工单", "Online orders")),
            "online_minutes": Column("whole", label=Text("线上响应分钟合计", "Online: minutes in all")),
            "online_waiting": Column("whole", label=Text("线上未接单", "Online, not accepted")),
            "phone_orders": Column("whole", label=Text("电话工单", "Telephone orders")),
            "phone_minutes": Column("whole", label=Text("电话响应分钟合计", "Telephone: minutes in all")),
            "phone_waiting": Column("whole", label=Text("电话未接单", "Telephone, not accepted")),
        },
        headline=("sum", "online_orders"), unit=_ORDERS, explained=True, source="S0:81",
        note=Text("两种渠道报修的内容不同，只可在同一报修类型内比较；未接单的另列，不计入分钟；接单不晚于报修的（批量录入）不计；不作因果判断。",
                  "The two channels bring different work: compare within a category only; orders not accepted yet are listed apart; acceptance not later than the report "
                  "(batch entry) is left out; no claim of cause."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}


def work_order_backlog(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the movement of open orders in one row."""
    rows = tables["work_order"]
    rows = rows[given(rows, "completed_at")]
    if not speaks(rows, "reported_at", period):
        return None
    return listed([balance(rows, period.start, period.end)], _COLUMNS["work_order_backlog"])


def process_improvement(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the four stages with their minutes; None where no completed order has all its moments."""
    rows, columns = tables["work_order"], _COLUMNS["process_improvement"]
    if not speaks(rows, "reported_at", period):
        return None
    done = during(rows[rows["counted"] & (rows["status"] != "closed_without_work")], "completed_at", period)
    stretches = [done[end] - done[start] for start, end in itertools.pairwise(_STEPS)]
    whole = np.logical_and.reduce([(stretch >= pd.Timedelta(0)).to_numpy(dtype=bool) for stretch in stretches])
    if done.empty:
        return listed([], columns)
    if not whole.any():
        return None
    minutes = [int((stretch[whole] // pd.Timedelta(minutes=1)).sum()) for stretch in stretches]
    common = {"orders": int(whole.sum()), "total_minutes": sum(minutes), "left_out": int((~whole).sum())}
    return listed(
        [{"stage": stage, "minutes": spent} | common for stage, spent in zip(STAGES, minutes, strict=True)], columns
    )


def demand_and_resource_analysis(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return orders by weekday and hour, in the order of the week."""
    rows = _with_time_of_day(tables["work_order"])
    if not speaks(rows, "reported_at", period):
        return None
    asked = during(rows[rows["counted"]], "reported_at", period)
    at = asked["reported_at"].dt
    cells = ranked(asked.assign(weekday=at.day_of_week + 1, hour=at.hour), ["weekday", "hour"], "orders")
    return shaped(cells.sort_values(["weekday", "hour"]), _COLUMNS["demand_and_resource_analysis"])


def digital_contribution(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return one row for each category, by name, with the sums of either channel."""
    rows = tables["work_order"]
    if not speaks(rows, "reported_at", period):
        return None
    asked = during(rows[rows["counted"] & given(rows, "accepted_at")], "reported_at", period)
    asked = asked[asked["channel"].isin(["app", "phone"])]
    waited = asked["accepted_at"] - asked["reported_at"]
    usable = (asked["accepted_at"].isna() | (waited > pd.Timedelta(0))).to_numpy()
    asked, waited = asked[usable], waited[usable]
    codes, names = pd.factorize(asked["category"], sort=True, use_na_sentinel=False)
    found = {"category": names}
    for channel, word in (("app", "online"), ("phone", "phone")):
        ours = (asked["channel"] == channel).to_numpy(dtype=bool)
        accepted = asked["accepted_at"].notna().to_numpy()
        minutes = (waited // pd.Timedelta(minutes=1)).fillna(0).to_numpy("int64")
        found[f"{word}_orders"] = sum_by(codes, (ours & accepted).astype("int64"), len(names))
        found[f"{word}_minutes"] = sum_by(codes, np.where(ours & accepted, minutes, 0), len(names))
        found[f"{word}_waiting"] = sum_by(codes, (ours & ~accepted).astype("int64"), len(names))
    return shaped(pd.DataFrame(found), _COLUMNS["digital_contribution"])


def _with_time_of_day(rows: pd.DataFrame) -> pd.DataFrame:
    """Leave out the files all of whose reports stand at midnight: they hold days, not times."""
    files = rows["file"] if "file" in rows else pd.Series("", index=rows.index)
    timed = files[rows["reported_at"] != rows["reported_at"].dt.floor("D")]
    return rows[files.isin(timed)]
