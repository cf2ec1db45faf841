"""Hazards: what was found, by whom, and whether it was put right and verified; the table, derived columns and KPIs."""

from __future__ import annotations

import pandas as pd

from propkit.domains.knowledge import given, met_by, only
from propkit.domains.security_words import HAZARD_KINDS, HAZARD_LEVELS, HAZARD_SOURCES, HAZARD_STATUSES
from propkit.model import Column, Kpi, Segment, Table
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
HAZARD = Table(
    name="hazard",
    label=Text("隐患台账", "Hazards"),
    columns={
        "hazard_id": Column("id", label=Text("隐患编号", "Hazard id"), required=True,
                            headers=("隐患编号", "编号", "hazard_id")),
        "hazard_kind": Column("choice", label=Text("隐患类型", "Kind of hazard"), choices=HAZARD_KINDS,
                              headers=("隐患类型", "隐患类别", "类型", "kind")),
        "hazard_level": Column("choice", label=Text("隐患等级", "Hazard level"), choices=HAZARD_LEVELS,
                               headers=("隐患等级", "等级", "级别", "level")),
        "hazard_source": Column("choice", label=Text("隐患来源", "Source of the hazard"), choices=HAZARD_SOURCES,
                                headers=("隐患来源", "来源", "发现方式", "source")),
        "found_at": Column("instant", label=Text("发现时间", "Found"), required=True,
                           headers=("发现时间", "发现日期", "登记时间", "found_at")),
        "due_at": Column("instant", planned=True, label=Text("整改期限", "Due"),
                         headers=("整改期限", "要求整改时间", "期限", "due_at")),
        "rectified_at": Column("instant", label=Text("整改完成时间", "Rectified"),
                               headers=("整改完成时间", "整改时间", "完成时间", "rectified_at")),
        "verified_at": Column("instant", label=Text("验收时间", "Verified"),
                              headers=("验收时间", "复查时间", "销号时间", "verified_at")),
        "status": Column("choice", label=Text("状态", "Status"), choices=HAZARD_STATUSES, known_from="verified_at",
                         headers=("状态", "整改状态", "status")),
    },
    key=("community", "hazard_id"),
    identity=("found_at",),
    dated_by="found_at",
    ordered=(("found_at", "rectified_at"), ("rectified_at", "verified_at")),
)

TABLES = (HAZARD,)

SEGMENTS = (
    Segment("hazard_kind", Text("隐患类型", "Kind of hazard"), HAZARD_KINDS),
    Segment("hazard_level", Text("隐患等级", "Hazard level"), HAZARD_LEVELS),
    Segment("hazard_source", Text("隐患来源", "Source of the hazard"), HAZARD_SOURCES),
)

_NONE = Text("无（数量）", "none (a count)")
_HAZARDS = Text("项", "hazards")
_VOID = Text("已作废的不计。", "Void ones are left out.")
_RECORDED = Text("只说明台账登记的情况：没有填写的不计入。", "It tells what the register holds: what was left blank is not in it.")

KPIS = (
    Kpi(
        id="hazard_count_by_kind",
        label=Text("隐患数量", "Hazards found"),
        top=Text("当期发现的隐患", "hazards found in the period"), bottom=_NONE,
        table="hazard", numerator="found", kind="count", unit=_HAZARDS, scale=1, dated_by="found_at", by="hazard_kind",
        source="S4:39", note=Text(_VOID.zh + "发现多也可能是查得勤。", _VOID.en + " More found may mean more looked for."),
    ),
    Kpi(
        id="hazard_rectification_rate",
        label=Text("隐患整改完成率", "Hazards closed"),
        top=Text("截至数据日已验收销号的隐患", "hazards verified as rectified by the data cut-off"),
        bottom=Text("当期发现的隐患", "hazards found in the period"),
        table="hazard", numerator="verified", ages=True, better="up", dated_by="found_at", by="hazard_kind", source="S4:39",
        note=Text(_VOID.zh + "报称整改而未验收的不算完成；数据日越晚，数值越高。",
                  _VOID.en + " Said to be rectified but not verified is not done; it rises with a later cut-off."),
    ),
    Kpi(
        id="hazard_rectified_rate",
        label=Text("隐患报整改率", "Hazards said to be rectified"),
        top=Text("截至数据日已整改的隐患，验收与否不论", "hazards rectified by the data cut-off, verified or not"),
        bottom=Text("当期发现的隐患", "hazards found in the period"),
        table="hazard", numerator="rectified", ages=True, better="up", dated_by="found_at", by="hazard_kind", source="S4:39",
        note=Text("与整改完成率之差，是整改了还没有验收的。", "Its distance from the hazards closed is what was rectified and awaits verification."),
    ),
    Kpi(
        id="hazard_on_time_rate",
        label=Text("隐患按期整改率", "Hazards rectified on time"),
        top=Text("在整改期限前整改完成的隐患", "hazards rectified by their due time"),
        bottom=Text("当期到期的隐患；到期未整改的计为未按期", "hazards due in the period; still open when due counts as late"),
        table="hazard", numerator="on_time", better="up", dated_by="due_at", by="hazard_kind", source="S4:39",
        note=Text("以整改完成时间计，验收可以在后；只写日期的期限算到当天结束；何时整改不明的不计。" + _VOID.zh,
                  "By the time of the work; verification may follow. A due day without a time runs to its end; rectified at an unknown time is left out. " + _VOID.en),
    ),
    Kpi(
        id="patrol_hazard_yield",
        label=Text("巡逻发现隐患", "Hazards found on patrol"),
        top=Text("来源登记为巡逻的隐患", "hazards whose recorded source is a patrol"), bottom=_NONE,
        table="hazard", numerator="on_patrol", kind="count", unit=_HAZARDS, scale=1, better="up", dated_by="found_at",
        by="hazard_kind", source="S4:38", note=Text(_RECORDED.zh + "是否处理见按来源分组的整改完成率。",
                                                    _RECORDED.en + " Whether they were dealt with: hazards closed, by source."),
    ),
    Kpi(
        id="patrol_hazards_per_100_rounds",
        label=Text("每百轮巡逻发现隐患", "Hazards per 100 rounds"),
        top=Text("来源登记为巡逻的隐患（有巡逻计划的月份）", "hazards whose recorded source is a patrol, in months with a patrol plan"),
        bottom=Text("同月完成的巡逻轮次", "patrol rounds completed in the same months"),
        table="hazard", numerator="on_round", denominator="patrol_round.rounds", kind="rate",
        unit=Text("项/百轮", "per 100 rounds"), scale=100, better="up", dated_by="found_at", source="S4:38",
    ),
)
# fmt: on


def derive(rows: pd.DataFrame, rounds: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Add to hazards: counted, due_by, found, verified, rectified, on_time, open_from_due, on_patrol, on_round."""
    counted = rows["status"] != "void"
    ended = rows["verified_at"].notna() | rows["status"].isin(["rectified", "verified"])
    due_by = _end_of_day(rows["due_at"])
    on_time = met_by(due_by, rows["rectified_at"], as_of)
    untimed = rows["rectified_at"].isna() & ended
    in_time = pd.Series(True, index=rows.index, dtype="boolean").where(rows["verified_at"] <= due_by)
    tells = given(rows, "rectified_at") | given(rows, "verified_at")
    ours = pd.MultiIndex.from_arrays([rows["community"], rows["found_at"].dt.to_period("M").dt.to_timestamp()])
    patrolled = pd.Series(ours.isin(pd.MultiIndex.from_frame(rounds[["community", "month_on"]])), index=rows.index)
    on_patrol = rows["hazard_source"] == "patrol"
    verified = rows["verified_at"].notna() | (rows["status"] == "verified")
    return rows.assign(
        counted=counted,
        due_by=due_by,
        done=rows["rectified_at"].notna() | ended,
        tells=tells | rows["status"].notna(),
        found=only(counted, counted).astype("Int64"),
        verified=only(verified, counted & (given(rows, "verified_at") | rows["status"].notna())),
        rectified=only(rows["rectified_at"].notna() | ended, counted & (tells | rows["status"].notna())),
        on_time=only(on_time.mask(untimed & (due_by <= as_of), in_time), counted & tells),
        on_patrol=only(on_patrol, counted & rows["hazard_source"].notna()).astype("Int64"),
        on_round=only(on_patrol, counted & on_patrol & patrolled).astype("Int64"),
    )


def _end_of_day(due: pd.Series) -> pd.Series:
    """A due time at midnight is a day: it runs to its last second."""
    return due.where(due != due.dt.floor("D"), due + pd.Timedelta(days=1) - pd.Timedelta(seconds=1))
