"""Staff: posts, comings and goings, and their KPIs (training: `training`)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains import training
from propkit.domains.community import AGE_BANDS
from propkit.domains.knowledge import covered_months, given, only, sum_by
from propkit.domains.people_readings import READINGS, staff_review, team_cohesion, team_structure  # noqa: F401
from propkit.domains.teams import guards, is_over, lived_in, on_staff, roster_since
from propkit.model import Column, Cut, Derived, Kpi, Note, Segment, Table
from propkit.periods import month_range
from propkit.text import Text

LEAVE_REASONS = {
    "voluntary": Text("主动离职", "Resigned"),
    "involuntary": Text("辞退淘汰", "Dismissed"),
    "contract_end": Text("合同到期", "End of contract"),
    "retired": Text("退休", "Retired"),
    "transfer": Text("调往其他项目", "Transferred"),
    "other": Text("其他原因", "Other reasons"),
}
EVENT_KINDS = {
    "promotion": Text("晋升", "Promotion"),
    "rotation": Text("轮岗", "Rotation"),
    "recognition": Text("表彰", "Recognition"),
    "discipline": Text("违纪", "Breach of discipline"),
    "assessment": Text("考核评估", "Assessment"),
}

# One line for each fact, as in a table.
# fmt: off
STAFF = Table(
    name="staff",
    label=Text("人员花名册", "Staff roster"),
    columns={
        "staff_id": Column("id", label=Text("工号", "Staff id"), required=True, personal=True,
                           headers=("工号", "员工编号", "员工ID", "人员编号", "staff_id")),
        "department": Column("text", label=Text("部门", "Department"), headers=("部门", "所属部门", "department")),
        "post": Column("text", label=Text("岗位", "Post"), headers=("岗位", "职务", "post")),
        "hired_on": Column("day", label=Text("入职日期", "Hired"), required=True,
                           headers=("入职日期", "入职时间", "到岗日期", "hired_on")),
        "trained_on": Column("day", label=Text("岗前培训日期", "Trained for the post"),
                             headers=("岗前培训日期", "岗前培训完成日期", "trained_on")),
        "first_shift_on": Column("day", label=Text("首次上岗日期", "First shift"),
                                 headers=("首次上岗日期", "上岗日期", "first_shift_on")),
        "left_on": Column("day", label=Text("离职日期", "Left"), headers=("离职日期", "离职时间", "离岗日期", "left_on")),
        "leave_reason": Column("choice", label=Text("离职原因", "Reason for leaving"), choices=LEAVE_REASONS,
                               known_from="left_on", headers=("离职原因", "离职类型", "leave_reason")),
        "certified": Column("flag", label=Text("是否持证", "Certified"), headers=("是否持证", "持证", "持证上岗", "certified")),
        "age_band": Column("choice", label=Text("年龄段", "Age band"), choices=AGE_BANDS, headers=("年龄段", "age_band")),
        "outsourced": Column("flag", label=Text("是否外包", "Outsourced"), headers=("是否外包", "外包", "outsourced")),
    },
    key=("community", "staff_id", "hired_on"),
    dated_by="hired_on",
    ordered=(("hired_on", "left_on"), ("hired_on", "first_shift_on")),
)
"""One row for each stay of a person with a community, those who have left among them."""

STAFF_EVENT = Table(
    name="staff_event",
    label=Text("人员异动", "Staff events"),
    columns={
        "staff_id": Column("id", label=Text("工号", "Staff id"), required=True, personal=True,
                           headers=("工号", "员工编号", "员工ID", "人员编号", "staff_id")),
        "staff_event_kind": Column("choice", label=Text("事项", "Event"), required=True, choices=EVENT_KINDS,
                                   headers=("事项", "异动类型", "事件类型", "类型", "staff_event_kind")),
        "happened_on": Column("day", label=Text("发生日期", "Date"), required=True,
                              headers=("发生日期", "异动日期", "日期", "生效日期", "happened_on")),
        "department": Column("text", label=Text("部门", "Department"), headers=("部门", "所属部门", "department")),
    },
    key=("community", "staff_id", "staff_event_kind", "happened_on"),
    dated_by="happened_on",
)

QUOTA = Table(
    name="staff_quota",
    label=Text("岗位编制", "Posts"),
    columns={
        "department": Column("text", label=Text("部门", "Department"), required=True, headers=("部门", "所属部门", "department")),
        "post": Column("text", label=Text("岗位", "Post"), required=True, headers=("岗位", "职务", "post")),
        "valid_from": Column("day", planned=True, label=Text("生效日期", "Valid from"), required=True,
                             headers=("生效日期", "执行日期", "valid_from")),
        "quota": Column("whole", label=Text("编制人数", "Posts"), required=True, low=0,
                        headers=("编制人数", "编制", "定编人数", "quota")),
    },
    key=("community", "department", "post", "valid_from"),
    dated_by="valid_from",
)
"""The posts in force from a day on, until a later line of the same department and post."""

TABLES = (STAFF, STAFF_EVENT, QUOTA, training.TRAINING)
DURATIONS = ()
_MONTH_ON = {"month_on": Text("月份", "Month")}
DERIVED = (
    Derived(
        "staff_month", of=("staff",), columns=_MONTH_ON,
        needs={"developed_twice": ("staff_event",), "guard_breaches_twice": ("staff_event",),
               "person_milli_twice": ("training",)},
    ),
    Derived("guard_month", of=("staff", "staff_quota"), columns=_MONTH_ON),
    Derived("training", columns={"recorded_on": Text("培训日期", "Held on")}),
)

SEGMENTS = (
    Segment("leave_reason", Text("离职原因", "Reason for leaving"), LEAVE_REASONS),
    Segment("staff_event_kind", Text("人员异动", "Staff event"), EVENT_KINDS),
    *training.SEGMENTS,
)

NOTES = (
    Note("service_mindset_cases", Text("服务意识案例", "Cases of service spirit"), "S0:89"),
    Note("staff_commendation", Text("员工表现", "What staff did well"), "S1:28"),
    Note("incentive_review", Text("激励机制", "Incentives"), "S1:44"),
    Note("org_restructure", Text("机构重组", "Reorganisation"), "S3:34"),
    Note("staff_care", Text("员工关怀", "Care for staff"), "S4:71"),
    Note("team_goal", Text("团队目标", "Goals of the team"), "S4:102"),
)

_ROSTER = Text(
    "花名册须含离职人员和离职日期：从第一条离职记录的次月起计算（没有离职记录时从最近一次入职当月起）；未结束的月份不计。",
    "The roster must hold those who left: counted from the month after the first leaving on record (where nobody left, from the month of the last hiring); a month that is not over is left out.",
)
_MEAN = Text("月初与月末在岗人数之和的一半", "half the sum of staff at the start and at the end of the month")

KPIS = (
    Kpi(
        id="security_staffing", label=Text("秩序员到岗率", "Guards on post"),
        top=Text("月末在岗的秩序（安保）人员，含外包", "guards on staff at the end of the month, outsourced ones included"),
        bottom=Text("月末有效的秩序岗位编制", "posts for guards in force at the end of the month"),
        table="guard_month", numerator="guards", denominator="quota", kind="money", better="up", dated_by="month_on",
        stock=True, source="S0:70",
        note=Text("是时点数，只按月计算；可超过100%。部门名称含秩序、安保、保安等字样。" + _ROSTER.zh,
                  "A stock: by month only; it may exceed 100%. The department's name says that it guards. " + _ROSTER.en),
    ),
    Kpi(
        id="guards_per_1000_homes", label=Text("每千户秩序员", "Guards per 1,000 homes"),
        top=Text("月末在岗的秩序（安保）人员，含外包", "guards on staff at the end of the month, outsourced ones included"),
        bottom=Text("已入住的住户（数据日）", "homes lived in (at the cut-off)"),
        table="guard_month", numerator="guards", denominator="homes", kind="money", unit=Text("人/千户", "per 1,000 homes"),
        scale=1000, dated_by="month_on", stock=True, source="S0:70", note=_ROSTER,
    ),
    Kpi(
        id="staff_turnover_rate", label=Text("人员流失率", "Staff turnover"),
        top=Text("当月离职的自有员工（调往其他项目的不算）", "own staff who left in the month (transfers to other communities are not leavers)"),
        bottom=Text("自有员工的平均在岗人数：" + _MEAN.zh, "own staff on average: " + _MEAN.en),
        table="staff_month", numerator="left_twice", denominator="own_ends", kind="money", unit=Text("%/月", "% a month"),
        better="down", dated_by="month_on", by="department", explained=True, source="S1:42; S4:84",
        note=Text("外包人员不计；是否外包空白的按自有员工计。多个月合计是月均值，年化须乘以12。" + _ROSTER.zh,
                  "Outsourced staff are left out, those of unknown contract are taken as own. Over several months it is the monthly average; times 12 for a year. " + _ROSTER.en),
    ),
    Kpi(
        id="staff_leavers", label=Text("离职人数", "Leavers"),
        top=Text("当期离职的自有员工（调往其他项目的不算）", "own staff who left in the period (transfers are not leavers)"),
        bottom=Text("无（数量）", "none (a count)"),
        table="staff", numerator="left", kind="count", unit=Text("人", "people"), scale=1, better="down",
        dated_by="left_on", by="leave_reason", source="S1:42",
    ),
    Kpi(
        id="staff_stability_rate", label=Text("人员稳定率", "Staff who stayed"),
        top=Text("月末仍在岗的员工", "staff still there at the end of the month"),
        bottom=Text("月初在岗的员工，含外包", "staff at the start of the month, outsourced ones included"),
        table="staff_month", numerator="stayed", denominator="at_start", better="up", dated_by="month_on",
        by="department", source="S4:36",
        note=Text("调往其他项目也算离开本小区；多个月合计是月均值。" + _ROSTER.zh, "A transfer leaves this community too; over several months it is the monthly average. " + _ROSTER.en),
    ),
    Kpi(
        id="staff_certificate_rate", label=Text("持证率", "Certified staff"),
        top=Text("月末在岗且持证的员工", "certified staff at the end of the month"),
        bottom=Text("月末在岗、是否持证已登记的员工，含外包", "staff at the end of the month of whom it is recorded, outsourced ones included"),
        table="staff_month", numerator="certified", denominator="certified_known", better="up", dated_by="month_on",
        by="department", stock=True, source="S3:35",
        note=Text("花名册只有现在是否持证，早先月份按现在的登记计。" + _ROSTER.zh, "The roster tells who is certified now; earlier months are counted by it. " + _ROSTER.en),
    ),
    Kpi(
        id="training_by_post", label=Text("分岗位人均课时", "Training hours per head"),
        top=Text("课时乘以实到人数之和", "sum of hours times people who attended"),
        bottom=Text("平均在岗人数：" + _MEAN.zh + "，含外包", "staff on average: " + _MEAN.en + ", outsourced ones included"),
        table="staff_month", numerator="person_milli_twice", denominator="ends", kind="money",
        unit=Text("小时/人·月", "hours per head and month"), scale=0.001, better="up", dated_by="month_on", by="department",
        source="S3:36; S0:87",
        note=Text("按培训登记的部门；未登记部门的课时只进入合计。某部门当月有一场缺课时或人数，该部门当月不计。" + _ROSTER.zh,
                  "By the department of the training; hours without one are in the total alone. A department and month with a session of unknown hours or attendance is left out. " + _ROSTER.en),
    ),
    Kpi(
        id="pre_post_training", label=Text("秩序员先培训后上岗率", "Guards trained before their first shift"),
        top=Text("首次上岗当天或之前完成岗前培训的秩序员", "guards trained on or before the day of their first shift"),
        bottom=Text("当期首次上岗的秩序（安保）人员", "guards whose first shift was in the period"),
        table="staff", numerator="trained_first", better="up", dated_by="first_shift_on", source="S4:36,70",
        note=Text("首次上岗日期空白的不计；没有岗前培训日期的计为未培训。", "Guards without a first shift are left out; one without a date of training counts as untrained."),
    ),
    Kpi(
        id="staff_recognition", label=Text("员工表彰", "Recognitions of staff"),
        top=Text("当期的表彰", "recognitions in the period"), bottom=Text("无（数量）", "none (a count)"),
        table="staff_event", numerator="recognised", kind="count", unit=Text("人次", "recognitions"), scale=1, better="up",
        dated_by="happened_on", by="department", explained=True, source="S0:88",
    ),
    Kpi(
        id="talent_development", label=Text("晋升轮岗率", "Promotions and rotations"),
        top=Text("当月的晋升和轮岗", "promotions and rotations in the month"),
        bottom=Text("平均在岗人数：" + _MEAN.zh + "，含外包", "staff on average: " + _MEAN.en + ", outsourced ones included"),
        table="staff_month", numerator="developed_twice", denominator="ends", kind="money",
        unit=Text("次/百人·月", "per 100 staff and month"), better="up", dated_by="month_on", by="department", source="S4:72",
        note=Text("只计异动记录覆盖的月份；多个月合计是月均值。" + _ROSTER.zh, "Only months that the record of events covers; over several months it is the monthly average. " + _ROSTER.en),
    ),
    Kpi(
        id="guard_discipline_rate", label=Text("秩序员违纪率", "Breaches of discipline by guards"),
        top=Text("当月秩序（安保）人员的违纪", "breaches of discipline by guards in the month"),
        bottom=Text("秩序员平均在岗人数：" + _MEAN.zh, "guards on average: " + _MEAN.en),
        table="staff_month", numerator="guard_breaches_twice", denominator="ends", kind="money",
        unit=Text("次/百人·月", "per 100 guards and month"), better="down", dated_by="month_on", source="S4:62",
        note=Text("只计异动记录覆盖的月份。" + _ROSTER.zh, "Only months that the record of events covers. " + _ROSTER.en),
    ),
    *training.KPIS,
)
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return the tables of this room with the columns that its KPIs name.

    Added: `staff_month`, one row for each community, department and month that the roster covers, with heads at both ends
    and what happened between them (doubled where it is set against the sum of both ends); `guard_month`, the guards at
    the end of each month against posts and homes.
    """
    staff, trained = known["staff"], training.derive(known["training"])
    events = _with_department(known["staff_event"], staff)
    months = _staff_months(staff, events, trained, cut)
    return {
        "staff": _stays(staff),
        "staff_event": events.assign(recognised=_one(events["staff_event_kind"] == "recognition")),
        "staff_quota": known["staff_quota"],
        "training": trained,
        "staff_month": months,
        "guard_month": _guard_months(months, known["staff_quota"], known["household"], cut),
    }


def _one(where: pd.Series) -> pd.Series:
    """Return 1 where the condition holds, elsewhere missing."""
    return only(where, where).astype("Int64")


def _own(staff: pd.DataFrame) -> pd.Series:
    return ~staff["outsourced"].fillna(False).astype(bool)


def _stays(staff: pd.DataFrame) -> pd.DataFrame:
    gone = staff["left_on"].notna() & _own(staff) & (staff["leave_reason"] != "transfer")
    began = guards(staff["department"]).fillna(False).astype(bool) & staff["first_shift_on"].notna()
    in_time = staff["trained_on"] <= staff["first_shift_on"]
    return staff.assign(left=_one(gone), trained_first=only(in_time, began & given(staff, "trained_on")))


def _with_department(events: pd.DataFrame, staff: pd.DataFrame) -> pd.DataFrame:
    """Fill the department of an event from the last stay of the person."""
    who = ["community", "staff_id"]
    last = staff.sort_values([*who, "hired_on"]).drop_duplicates(who, keep="last").set_index(who)["department"]
    found = last.reindex(pd.MultiIndex.from_frame(events[who])).to_numpy()
    return events.assign(department=events["department"].fillna(pd.Series(found, index=events.index, dtype="str")))


_SUMS = (
    "at_start", "ends", "own_ends", "left_twice", "stayed", "certified", "certified_known",
    "person_milli_twice", "developed_twice", "guard_breaches_twice",
)  # fmt: skip


def _staff_months(staff: pd.DataFrame, events: pd.DataFrame, trained: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    parts = []
    for place, since in roster_since(staff).items():
        ours = [rows[rows["community"] == place] for rows in (staff, events, trained)]
        spoken = [set(covered_months(ours[1], "happened_on")), set(covered_months(ours[2], "held_on"))]
        names = pd.Index(pd.concat([rows["department"] for rows in ours]).unique())
        for month in month_range(since, cut.as_of):
            if is_over(month, cut.as_of):
                told = [month in months for months in spoken]
                parts.append(_month(*ours, names, pd.Timestamp(f"{month}-01"), told).assign(community=place))
    columns = {"community": "str", "department": "str", "month_on": "datetime64[s]", **dict.fromkeys(_SUMS, "Int64")}
    empty = pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in columns.items()})
    return pd.concat(parts or [empty], ignore_index=True)[list(columns)].astype(columns)


def _month(
    staff: pd.DataFrame,
    events: pd.DataFrame,
    trained: pd.DataFrame,
    names: pd.Index,
    start: pd.Timestamp,
    told: list[bool],
) -> pd.DataFrame:
    """Return one month of one community: a row for each department of `names`, the unknown one among them."""
    end = start + pd.DateOffset(months=1)
    codes = names.get_indexer(pd.Index(staff["department"]))
    before, after = on_staff(staff, start), on_staff(staff, end)
    own = _own(staff).to_numpy()
    gone = (staff["left_on"] >= start) & (staff["left_on"] < end) & (staff["leave_reason"] != "transfer")
    marks = staff["certified"].fillna(False).to_numpy(dtype=bool)

    def heads(*where: np.ndarray) -> np.ndarray:
        return sum(sum_by(codes, np.asarray(part, dtype="int64"), len(names)) for part in where)

    rows = pd.DataFrame({"department": names.astype("str"), "month_on": start}).assign(
        at_start=heads(before),
        ends=heads(before, after),
        own_ends=heads(before & own, after & own),
        left_twice=2 * heads(gone.to_numpy() & own),
        stayed=heads(before & after),
        certified=heads(after & marks),
        certified_known=heads(after & staff["certified"].notna().to_numpy()),
    )
    happened = events[(events["happened_on"] >= start) & (events["happened_on"] < end)]
    held = trained[(trained["held_on"] >= start) & (trained["held_on"] < end) & trained["held"].notna()]
    return rows.assign(**_happenings(happened, names, told[0]), person_milli_twice=_hours(held, names, told[1]))


def _happenings(events: pd.DataFrame, names: pd.Index, told: bool) -> dict[str, pd.Series]:
    """Return twice the promotions and rotations, and twice the breaches of guards, by department."""
    codes = names.get_indexer(pd.Index(events["department"]))
    grown = events["staff_event_kind"].isin(["promotion", "rotation"]).to_numpy()
    breach = (events["staff_event_kind"] == "discipline").to_numpy()
    developed = pd.Series(2 * sum_by(codes, grown.astype("int64"), len(names)), dtype="Int64")
    breaches = pd.Series(2 * sum_by(codes, breach.astype("int64"), len(names)), dtype="Int64")
    guarding = guards(pd.Series(names, dtype="str")).fillna(False).astype(bool)
    known = np.full(len(names), told)
    return {"developed_twice": developed.where(known), "guard_breaches_twice": breaches.where(guarding & known)}


def _hours(held: pd.DataFrame, names: pd.Index, told: bool) -> pd.Series:
    """Return twice the person-hours of each department; missing where a session does not tell its hours and people."""
    codes = names.get_indexer(pd.Index(held["department"]))
    hours = sum_by(codes, held["person_milli"].fillna(0).to_numpy("int64"), len(names))
    unknown = sum_by(codes, held["person_milli"].isna().to_numpy("int64"), len(names))
    return pd.Series(2 * hours, dtype="Int64").where(pd.Series(unknown == 0) & told)


def _guard_months(months: pd.DataFrame, quota: pd.DataFrame, register: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    ours = months[guards(months["department"]).fillna(False).astype(bool)]
    keys = ["community", "month_on"]
    rows = ours.drop_duplicates(keys)[keys].reset_index(drop=True)
    codes = pd.MultiIndex.from_frame(rows).get_indexer(pd.MultiIndex.from_frame(ours[keys]))
    at_end = (ours["ends"] - ours["at_start"]).to_numpy("int64")
    sizes = {place: lived_in(register, place, cut) for place in rows["community"].unique()}
    posts = [_posts(quota, place, month) for place, month in zip(rows["community"], rows["month_on"], strict=True)]
    return rows.assign(
        guards=pd.array(sum_by(codes, at_end, len(rows)), dtype="Int64"),
        quota=pd.array(posts, dtype="Int64"),
        homes=rows["community"].map(sizes).astype("Int64"),
    )


def _posts(quota: pd.DataFrame, place: str, month: pd.Timestamp) -> int | None:
    """Return the posts for guards in force at the end of a month; None where none are on record."""
    ours = quota[(quota["community"] == place) & guards(quota["department"]).fillna(False).astype(bool)]
    ours = ours[ours["valid_from"] < month + pd.DateOffset(months=1)].sort_values("valid_from")
    last = ours.drop_duplicates(["department", "post"], keep="last")
    return int(last["quota"].sum()) if len(last) else None
