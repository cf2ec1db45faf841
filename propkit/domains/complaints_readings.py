"""Complaints and feedback, read from rows: the leading types with their causes, the matrix of all feedback, pain points."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit import stats
from propkit.domains.knowledge import covered_months, covers_day, given, sum_by
from propkit.domains.reading import during, ranked, shaped, shifted, speaks
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

KINDS = {
    "complaint": Text("投诉", "Complaint"),
    "suggestion": Text("建议", "Suggestion"),
    "enquiry": Text("咨询", "Enquiry"),
}
PRAISE_KINDS = {
    "praise": Text("表扬", "Praise"),
    "banner": Text("锦旗", "Silk banner"),
    "letter": Text("感谢信", "Letter of thanks"),
}
FEEDBACK_KINDS = {**KINDS, "repair": Text("报修", "Repair"), **PRAISE_KINDS}
SOURCES = {
    "complaint": Text("投诉和建议", "Complaints and suggestions"),
    "order": Text("报修", "Repairs"),
}
TOP = 5
_PIECES = Text("件", "cases")

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="high_frequency_complaint_root_cause",
        label=Text("高频投诉根因", "Root causes of frequent complaints"),
        tables=("complaint",),
        top=Text("当期受理的投诉（合并重复、不含无效）中，自多到少累计达到八成的类别，及其根因件数",
                 "the types that make up the first 80 % of the complaints received in the period (duplicates merged, invalid ones left out), with their root causes"),
        columns={
            "type_l1": Column("text", label=Text("投诉类别", "Complaint type")),
            "complaints": Column("whole", label=Text("本类件数", "Complaints of the type")),
            "running": Column("whole", label=Text("累计件数", "Running total")),
            "total": Column("whole", label=Text("全部件数", "All complaints")),
            "root_cause": Column("text", label=Text("根因", "Root cause")),
            "cases": Column("whole", label=Text("件数", "Cases")),
        },
        headline=("sum", "cases"), unit=_PIECES, better="down", explained=True, source="S0:61",
        note=Text("件数相同的按名称先后；没有类别的投诉作为一类列出；根因空白为未编码（含导出中没有此列的）；编码不等于原因，五问分析由人填写。",
                  "Types of equal count in the order of their names; complaints without a type are a type of their own; a blank root cause is uncoded (or its export has no such column); codes are not causes: the five whys are for a person to write."),
    ),
    Reading(
        id="top_complaint_types",
        label=Text("最多投诉类型", "Leading complaint types"),
        tables=("complaint",),
        top=Text("当期受理的投诉（合并重复、不含无效）最多的五类（与第五并列的一并列出），及名次的可能范围、上期件数和首要根因",
                 "the five types with most complaints received in the period (ties for the fifth included; duplicates merged, invalid ones left out), the ranks they may have, the period before and the leading root cause"),
        columns={
            "rank": Column("whole", label=Text("名次", "Rank")),
            "type_l1": Column("text", label=Text("投诉类别", "Complaint type")),
            "complaints": Column("whole", label=Text("件数", "Complaints")),
            "rank_from": Column("whole", label=Text("名次上限", "Highest rank")),
            "rank_to": Column("whole", label=Text("名次下限", "Lowest rank")),
            "before": Column("whole", label=Text("上期件数", "Period before")),
            "root_cause": Column("text", label=Text("首要根因", "Leading root cause")),
            "cases": Column("whole", label=Text("该根因件数", "Cases of it")),
        },
        headline=("max", "complaints"), unit=_PIECES, better="down", explained=True, source="S1:34",
        note=Text("名次范围：95%泊松区间不相交的类别才分先后；上期为前一个等长期间，导出没有整段覆盖时不填；没有类别的投诉作为一类。",
                  "A type surely ranks before another only where their 95 % Poisson intervals do not meet; the period before has the same length and is blank unless the exports cover all of it; complaints without a type are a type of their own."),
    ),
    Reading(
        id="feedback_classification",
        label=Text("反馈分类统计", "Feedback by kind and department"),
        tables=("complaint",),
        top=Text("当期的投诉、建议、咨询、报修和表扬，按类型与责任部门：受理、已可判断、已解决、有评价、满意",
                 "complaints, suggestions, enquiries, repairs and praise of the period by kind and department: received, judged, resolved, rated, satisfied"),
        columns={
            "feedback_kind": Column("choice", label=Text("类型", "Kind"), choices=FEEDBACK_KINDS),
            "department": Column("text", label=Text("责任部门", "Department")),
            "received": Column("whole", label=Text("受理", "Received")),
            "judged": Column("whole", label=Text("可判断", "Judged")),
            "resolved": Column("whole", label=Text("已解决", "Resolved")),
            "rated": Column("whole", label=Text("有评价", "Rated")),
            "satisfied": Column("whole", label=Text("满意", "Satisfied")),
        },
        headline=("sum", "received"), unit=_PIECES, source="S1:15",
        note=Text("解决率＝已解决÷可判断（截至数据日）；满意率＝满意÷有评价，4分及以上为满意；合并重复、不含撤回，投诉不含无效；报修不含取消、重复，台账没有责任部门；表扬没有解决与评价。",
                  "Resolution = resolved ÷ judged, by the cut-off; satisfaction = satisfied ÷ rated, 4 or 5 being satisfied; duplicates merged, withdrawn ones left out, and complaints judged invalid; repairs without cancelled and duplicate orders, whose register names no department; praise is neither resolved nor rated."),
    ),
    Reading(
        id="pain_points",
        label=Text("痛点排行", "Pain points"),
        tables=("complaint",),
        top=Text("当期投诉、建议（合并重复、不含无效）和业主报修的事项，按涉及户数排列",
                 "matters of the complaints and suggestions (duplicates merged, invalid ones left out) and of the owners' repairs of the period, by households concerned"),
        columns={
            "source": Column("choice", label=Text("来源", "Source"), choices=SOURCES),
            "topic": Column("text", label=Text("类别", "Topic")),
            "subtopic": Column("text", label=Text("小类", "Subtopic")),
            "households": Column("whole", label=Text("涉及户数", "Households")),
            "entries": Column("whole", label=Text("件数", "Entries")),
        },
        headline=("count", ""), explained=True, source="S2:28",
        note=Text("一户在同一事项只计一户；没有房号的（公共区域等）只计件数；巡检和预防性维护的工单不计；两类台账的事项不合并。",
                  "A household counts once for a matter; entries without a room (public areas) count as entries only; orders from inspection or preventive maintenance are left out; matters of the two registers are not merged."),
    ),
)
# fmt: on
_COLUMNS = {reading.id: reading.columns for reading in READINGS}
_NUMBERS = ["received", "judged", "resolved", "rated", "satisfied"]


def high_frequency_complaint_root_cause(
    tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut
) -> pd.DataFrame | None:
    """Return one row for each leading type and root cause, the most frequent first."""
    rows = tables["complaint"]
    if not speaks(rows, "received_at", period):
        return None
    ours = during(rows[rows["counted"]], "received_at", period)
    types = ranked(ours, ["type_l1"], "complaints")
    types = types.assign(running=types["complaints"].cumsum(), total=len(ours), place=range(len(types)))
    leading = types[(types["running"] - types["complaints"]) * 10 < types["total"] * 8]
    found = leading.merge(ranked(ours, ["type_l1", "root_cause"], "cases"), on="type_l1")
    found = found.sort_values(["place", "cases", "root_cause"], ascending=[True, False, True])
    return shaped(found, _COLUMNS["high_frequency_complaint_root_cause"])


def top_complaint_types(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the leading types, the most frequent first."""
    rows = tables["complaint"]
    if not speaks(rows, "received_at", period):
        return None
    counted = rows[rows["counted"]]
    ours, past = during(counted, "received_at", period), shifted(period, -1)
    types = ranked(ours, ["type_l1"], "complaints")
    types = types.assign(rank=types["complaints"].rank(method="min", ascending=False), **_ranks(types["complaints"]))
    causes = ranked(ours.dropna(subset=["root_cause"]), ["type_l1", "root_cause"], "cases").drop_duplicates("type_l1")
    before = ranked(during(counted, "received_at", past), ["type_l1"], "before")
    leading = (
        types[types["rank"] <= TOP].merge(causes, on="type_l1", how="left").merge(before, on="type_l1", how="left")
    )
    told = leading["before"].fillna(0) if _whole(rows, past) else pd.NA
    return shaped(leading.assign(before=told), _COLUMNS["top_complaint_types"])


def feedback_classification(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the matrix, kinds in their declared order, departments by size."""
    entries, orders, praise = tables["complaint"], tables["work_order"], tables["feedback"]
    if not speaks(entries, "received_at", period):
        return None
    parts = [
        _entry_numbers(during(entries[entries["single"]], "received_at", period)),
        _order_numbers(during(orders[orders["counted"]], "reported_at", period)),
        _praise_numbers(during(praise, "at", period)),
    ]
    rows = pd.concat(parts, ignore_index=True)
    codes, cells = pd.factorize(pd.MultiIndex.from_frame(rows[["feedback_kind", "department"]]))
    found = pd.DataFrame({"feedback_kind": cells.get_level_values(0), "department": cells.get_level_values(1)})
    sums = {name: _sums(codes, rows[name], len(cells)) for name in _NUMBERS}
    found = found.assign(**sums, place=found["feedback_kind"].map(list(FEEDBACK_KINDS).index))
    found = found.sort_values(["place", "received", "department"], ascending=[True, False, True])
    return shaped(found, _COLUMNS["feedback_classification"])


def pain_points(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the matters, the one of most households first."""
    entries, orders = tables["complaint"], tables["work_order"]
    if not speaks(entries, "received_at", period):
        return None
    sound = entries["single"] & (entries["kind"] != "enquiry") & entries["valid"].fillna(True).astype(bool)
    asked = orders["counted"] & ~orders["origin"].isin(["inspection", "preventive"])
    parts = [
        _matters(during(entries[sound], "received_at", period), "complaint", "type_l1", "type_l2"),
        _matters(during(orders[asked], "reported_at", period), "order", "category", "fault_type"),
    ]
    found = pd.concat(parts, ignore_index=True)
    order = ["households", "entries", "source", "topic", "subtopic"]
    found = found.sort_values(order, ascending=[False, False, True, True, True])
    return shaped(found, _COLUMNS["pain_points"])


def _whole(rows: pd.DataFrame, period: Period) -> bool:
    """Say whether the exports speak of all of `period`."""
    if period.kind == "day":
        return covers_day(rows, "received_at", period.start)
    return set(period.months) <= set(covered_months(rows, "received_at"))


def _ranks(counts: pd.Series) -> dict[str, pd.Series]:
    """Return the highest and lowest rank of each count: one is surely before another where their intervals do not meet."""
    limits = stats.rate_ci(counts.to_numpy(), [1] * len(counts), per=1)
    low, high = limits["low"].to_numpy(), limits["high"].to_numpy()
    before = [int((low > one).sum()) for one in high]
    after = [int((high < one).sum()) for one in low]
    return {
        "rank_from": pd.Series([1 + number for number in before], index=counts.index, dtype="Int64"),
        "rank_to": pd.Series([len(counts) - number for number in after], index=counts.index, dtype="Int64"),
    }


def _entry_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["counted"] | (rows["kind"].fillna("complaint") != "complaint")]
    judged = given(rows, "resolved_at")
    return rows.assign(
        feedback_kind=rows["kind"].fillna("complaint"),
        received=1,
        judged=judged,
        resolved=judged & (rows["resolved_at"].notna() | rows["untimed"]),
        rated=rows["satisfaction"].notna(),
        satisfied=rows["satisfaction"] >= 4,
    )[["feedback_kind", "department", *_NUMBERS]]


def _order_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(
        feedback_kind="repair",
        department=pd.Series(pd.NA, index=rows.index, dtype="str"),
        received=1,
        judged=rows["completed"].notna(),
        resolved=rows["completed"],
        rated=rows["satisfied"].notna(),
    )[["feedback_kind", "department", *_NUMBERS]]


def _praise_numbers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(feedback_kind=rows["kind"], received=1, judged=0, resolved=0, rated=0, satisfied=0)[
        ["feedback_kind", "department", *_NUMBERS]
    ]


def _sums(codes: np.ndarray, values: pd.Series, size: int) -> np.ndarray:
    return sum_by(codes, values.fillna(0).astype("int64").to_numpy(), size)


def _matters(rows: pd.DataFrame, source: str, topic: str, subtopic: str) -> pd.DataFrame:
    """Return each topic and subtopic of `rows` with its entries and households; a matter without any name is left out."""
    names = ["topic", "subtopic"]
    named = rows.assign(topic=rows[topic], subtopic=rows[subtopic]).dropna(subset=names, how="all")
    homes = named.dropna(subset=["household"]).drop_duplicates(["household", *names])
    found = ranked(named, names, "entries").merge(ranked(homes, names, "households"), on=names, how="left")
    return found.assign(source=source, households=found["households"].fillna(0))
