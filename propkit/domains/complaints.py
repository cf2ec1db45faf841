"""Complaints and praise: the register, the columns derived from it, and the KPIs of complaint handling."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

from propkit.domains.complaints_readings import (  # noqa: F401  (the readings are asked for by name)
    KINDS,
    PRAISE_KINDS,
    READINGS,
    feedback_classification,
    high_frequency_complaint_root_cause,
    pain_points,
    top_complaint_types,
)
from propkit.domains.knowledge import given, met_by, only, repeated, same_day
from propkit.model import Column, Cut, Derived, Duration, Kpi, Segment, Table
from propkit.text import Text

STATUSES = {
    "open": Text("处理中", "Open"),
    "resolved": Text("处理完成", "Resolved"),
    "closed": Text("已关闭", "Closed"),
    "withdrawn": Text("已撤回", "Withdrawn"),
}

# One line for each fact, as in a table.
# fmt: off
COMPLAINT = Table(
    name="complaint",
    label=Text("投诉台账", "Complaints"),
    columns={
        "complaint_id": Column("id", label=Text("投诉编号", "Complaint id"), required=True,
                               headers=("投诉编号", "编号", "ID", "complaint_id")),
        "kind": Column("choice", label=Text("类型", "Kind"), choices=KINDS, headers=("类型", "kind")),
        "household": Column("place", label=Text("房号", "Unit"), headers=("房号", "房屋", "household")),
        "channel": Column("text", label=Text("渠道", "Channel"), headers=("渠道", "投诉渠道", "channel")),
        "type_l1": Column("text", label=Text("投诉大类", "Type"), headers=("投诉大类", "投诉类别", "type_l1")),
        "type_l2": Column("text", label=Text("投诉小类", "Subtype"), headers=("投诉小类", "type_l2")),
        "department": Column("text", label=Text("责任部门", "Department"), headers=("责任部门", "department")),
        "title": Column("text", label=Text("主题", "Title"), headers=("主题", "标题", "title")),
        "status": Column("choice", label=Text("状态", "Status"), choices=STATUSES, known_from="closed_at",
                         headers=("状态", "status")),
        "received_at": Column("instant", label=Text("受理时间", "Received"), required=True,
                              headers=("受理时间", "投诉时间", "创建时间", "received_at")),
        "first_response_at": Column("instant", label=Text("首次响应时间", "First response"),
                                    headers=("首次响应时间", "first_response_at")),
        "promised_at": Column("instant", label=Text("承诺办结时间", "Promised"),
                              planned=True, headers=("承诺办结时间", "回复期限", "promised_at")),
        "resolved_at": Column("instant", label=Text("办结时间", "Resolved"),
                              headers=("办结时间", "解决时间", "resolved_at")),
        "closed_at": Column("instant", label=Text("关闭时间", "Closed"), headers=("关闭时间", "closed_at")),
        "valid": Column("flag", label=Text("是否有效投诉", "Valid"), headers=("是否有效投诉", "有效投诉", "valid")),
        "duplicate_of": Column("id", label=Text("重复于", "Duplicate of"), headers=("重复于", "duplicate_of")),
        "contacts": Column("whole", label=Text("处理次数", "Contacts to resolve"), low=1, high=99,
                           known_from="resolved_at", headers=("处理次数", "联系次数", "contacts")),
        "root_cause": Column("text", label=Text("根因", "Root cause"), known_from="resolved_at",
                             headers=("根因", "根本原因", "root_cause")),
        "revisited_at": Column("instant", label=Text("回访时间", "Revisited"), headers=("回访时间", "revisited_at")),
        "satisfaction": Column("score", label=Text("处理满意度", "Satisfaction"), low=1, high=5,
                               known_from="resolved_at", headers=("处理满意度", "客户满意度", "satisfaction")),
        "updated_at": Column("instant", label=Text("更新时间", "Updated"), headers=("更新时间", "updated_at")),
    },
    key=("community", "complaint_id"),
    identity=("received_at", "household"),
    dated_by="received_at",
    ordered=(
        ("received_at", "first_response_at"),
        ("received_at", "resolved_at"),
        ("resolved_at", "closed_at"),
    ),
)

FEEDBACK = Table(
    name="feedback",
    label=Text("表扬台账", "Praise"),
    columns={
        "feedback_id": Column("id", label=Text("编号", "Id"), required=True, headers=("表扬编号", "编号", "feedback_id")),
        "at": Column("instant", label=Text("时间", "At"), required=True, headers=("时间", "登记时间", "at")),
        "kind": Column("choice", label=Text("形式", "Kind"), choices=PRAISE_KINDS, required=True,
                       headers=("形式", "表扬形式", "kind")),
        "department": Column("text", label=Text("部门", "Department"), headers=("部门", "受表扬部门", "department")),
        "channel": Column("text", label=Text("渠道", "Channel"), headers=("渠道", "表扬渠道", "channel")),
    },
    key=("community", "feedback_id"),
    identity=("at",),
    dated_by="at",
)
TABLES = (COMPLAINT, FEEDBACK)

DERIVED = (
    Derived("complaint_exposure", of=("complaint",), columns={"month_on": Text("月份", "Month")}),
    Derived(
        "owner_input", columns={"at": Text("收到的时间", "Received")},
        feeds={"heard": ("complaint", "feedback"), "inputs": ("complaint", "survey_response")},
    ),
)

SEGMENTS = (
    Segment("type_l1", Text("投诉类别", "Complaint type")),
    Segment("type_l2", Text("投诉小类", "Complaint subtype")),
    Segment("department", Text("责任部门", "Department")),
    Segment("root_cause", Text("根因", "Root cause")),
    Segment("input_channel", Text("意见渠道", "Channel of input"), {"survey": Text("问卷调查", "Survey")}),
)

_MERGED = Text(
    "同一房屋、同一小类自首次反映起{complaint_merge_hours}小时内的多次反映并为一件；判为无效的不计入，并另行列出比例。",
    "What the same household says of the same subtype within {complaint_merge_hours} hours of first saying it is one complaint; those judged invalid are left out and their share is shown.",
)
_DAY = Text("按受理当天判断；当天尚未结束而未办结的不计。", "Judged by the day of receipt; not before that day is over.")
_PIECES = Text("件", "cases")
_SECURITY = "秩序|安保|保安|安防|保卫|security"

KPIS = (
    Kpi(
        id="complaint_count",
        label=Text("投诉总量", "Complaints"),
        top=Text("当期受理的投诉（合并重复、不含无效）", "complaints received in the period, duplicates merged, invalid ones left out"),
        bottom=Text("无（数量）", "none (a count)"),
        table="complaint", numerator="received", kind="count", unit=_PIECES, scale=1, better="down",
        dated_by="received_at", source="S0:61", note=_MERGED,
    ),
    Kpi(
        id="complaints_per_1000_homes",
        label=Text("每千户投诉", "Complaints per 1,000 homes"),
        top=Text("当期受理的投诉（合并重复、不含无效）", "complaints received in the period, duplicates merged, invalid ones left out"),
        bottom=Text("户·月（每户每月计一）", "household-months"),
        table="complaint", numerator="received", denominator="complaint_exposure.households", kind="rate",
        unit=Text("件/千户·月", "per 1,000 household-months"), scale=1000, better="down", dated_by="received_at",
        source="RSH CH01",
        note=Text("渠道增多会使投诉数上升；数字低不等于服务好。", "More channels bring more complaints; a low number is not by itself good."),
    ),
    Kpi(
        id="complaint_type_distribution",
        label=Text("投诉类型分布", "Complaint types"),
        top=Text("当期受理的投诉，按类别", "complaints received in the period by type"),
        bottom=Text("无（数量）", "none (a count)"),
        table="complaint", numerator="received", kind="count", unit=_PIECES, scale=1, dated_by="received_at", by="type_l1",
        source="S0:61; S1:34", note=_MERGED,
    ),
    Kpi(
        id="complaint_on_time_rate",
        label=Text("投诉处理及时率", "Complaints answered on time"),
        top=Text("在承诺时间前办结的投诉", "complaints resolved by the promised time"),
        bottom=Text("当期到承诺时间的有效投诉；到期未办结的计为不及时",
                    "valid complaints due in the period; still open when due counts as late"),
        table="complaint", numerator="on_time", better="up", dated_by="promised_at", source="S0:40; RSH CH02",
    ),
    Kpi(
        id="issue_resolution_rate",
        label=Text("投诉解决率", "Resolution rate"),
        top=Text("截至数据日已办结的投诉", "complaints resolved by the data cut-off"),
        bottom=Text("当期受理的有效投诉", "valid complaints received in the period"),
        table="complaint", numerator="resolved", ages=True, better="up", dated_by="received_at", source="S1:15,21",
    ),
    Kpi(
        id="first_contact_resolution_rate",
        label=Text("首次解决率", "First-contact resolution"),
        top=Text("一次处理办结、且{complaint_recall_days}天内同户同类未再投诉", "resolved in one contact with no further complaint of the kind within {complaint_recall_days} days"),
        bottom=Text("当期办结且已满{complaint_recall_days}天的投诉", "complaints resolved in the period at least {complaint_recall_days} days before the cut-off"),
        table="complaint", numerator="first_contact", better="up", dated_by="resolved_at", matures_after="complaint_recall_days", source="S0:61",
    ),
    Kpi(
        id="valid_complaint_rate",
        label=Text("有效投诉占比", "Valid share"),
        top=Text("判为有效的投诉", "complaints judged valid"),
        bottom=Text("当期受理且已判定的投诉", "complaints received in the period that were judged"),
        table="complaint", numerator="judged_valid", dated_by="received_at", source="物业管理指标承诺",
        note=Text("「无效」由谁判定须可查；占比突变值得复核。", "Who judges a complaint invalid must be on record; a jump deserves a look."),
    ),
    Kpi(
        id="complaint_satisfaction",
        label=Text("投诉处理满意率", "Complaint-handling satisfaction"),
        top=Text("处理评价4分及以上", "cases rated 4 or 5"),
        bottom=Text("当期办结且有评价的投诉", "rated complaints resolved in the period"),
        table="complaint", numerator="satisfied", better="up", dated_by="resolved_at", opinion=True, source="S0:61; RSH TP09",
    ),
    Kpi(
        id="complaint_rating_coverage",
        label=Text("投诉评价覆盖率", "Rating coverage"),
        top=Text("有评价的投诉", "complaints with a rating"),
        bottom=Text("当期办结的投诉", "complaints resolved in the period"),
        table="complaint", numerator="rated", dated_by="resolved_at", source="S0:61",
    ),
    Kpi(
        id="complaint_revisit_rate",
        label=Text("投诉回访率", "Revisit rate"),
        top=Text("办结后{revisit_days}天内回访的投诉", "complaints revisited within {revisit_days} days of resolution"),
        bottom=Text("当期办结且已满{revisit_days}天的投诉", "complaints resolved in the period at least {revisit_days} days before the cut-off"),
        table="complaint", numerator="revisited", better="up", dated_by="resolved_at", matures_after="revisit_days", source="S0:61",
    ),
    Kpi(
        id="root_cause",
        label=Text("投诉根因分布", "Root causes of complaints"),
        top=Text("当期受理的投诉（合并重复、不含无效），按根因；未编码的单列",
                 "complaints received in the period (duplicates merged, invalid ones left out) by root cause; uncoded ones apart"),
        bottom=Text("无（数量）", "none (a count)"),
        table="complaint", numerator="cause_told", kind="count", unit=_PIECES, scale=1, dated_by="received_at", by="root_cause",
        explained=True, source="S0:43; S1:45",
        note=Text("没有根因一列的导出不计；分布只说明编码，不说明原因，须有人写明。",
                  "Exports without a root-cause column are outside; codes are not causes, which a person has to explain."),
    ),
    Kpi(
        id="root_cause_coded_rate",
        label=Text("根因编码率", "Root cause coded"),
        top=Text("已写根因的投诉", "complaints with a root cause"),
        bottom=Text("当期办结的投诉（合并重复、不含无效）", "complaints resolved in the period, duplicates merged, invalid ones left out"),
        table="complaint", numerator="cause_coded", better="up", dated_by="resolved_at", source="S0:43; S1:45",
    ),
    Kpi(
        id="promise_kept_rate",
        label=Text("承诺时限兑现率", "Promises kept"),
        top=Text("在承诺时间前办结的投诉、建议和咨询", "complaints, suggestions and enquiries resolved by the promised time"),
        bottom=Text("当期到承诺时间的投诉、建议和咨询（合并重复、不含撤回；判为无效的也计）；到期未办结的计为未兑现",
                    "complaints, suggestions and enquiries promised for the period, duplicates merged, withdrawn ones left out, invalid ones included; still open when due is a broken promise"),
        table="complaint", numerator="promise_kept", better="up", dated_by="promised_at", source="S3:68",
        note=Text("承诺对来件人作出，与是否判为有效无关；台账没有延期告知一列，延期不另计。",
                  "A promise is made to whoever asked, valid or not; the register does not tell of notices of extension, so none is counted."),
    ),
    Kpi(
        id="help_request_timeliness",
        label=Text("秩序部投诉求助及时率", "Security: requests answered on time"),
        top=Text("在承诺时间前办结的来件", "requests resolved by the promised time"),
        bottom=Text("责任部门为秩序（安保、保安、安防、保卫）的投诉、建议和咨询，当期到承诺时间；到期未办结的计为不及时",
                    "complaints, suggestions and enquiries of the order and security department promised for the period; still open when due is late"),
        table="complaint", numerator="help_on_time", better="up", dated_by="promised_at", source="S4:63",
        note=Text("满意度见投诉处理满意率按责任部门。", "For satisfaction see complaint-handling satisfaction by department."),
    ),
    Kpi(
        id="complaints_handled_qty",
        label=Text("办结投诉件数", "Complaints resolved"),
        top=Text("当期办结的投诉（合并重复、不含无效），按办结时间", "complaints resolved in the period, duplicates merged, invalid ones left out, by the time of resolution"),
        bottom=Text("无（数量）", "none (a count)"),
        table="complaint", numerator="handled", kind="count", unit=_PIECES, scale=1, better="up", dated_by="resolved_at",
        source="S2:59",
    ),
    Kpi(
        id="on_the_spot_resolution_rate",
        label=Text("投诉当日解决率", "Complaints resolved the same day"),
        top=Text("受理当天办结的投诉", "complaints resolved on the day they were received"),
        bottom=Text("当期受理的投诉（合并重复、不含无效）", "complaints received in the period, duplicates merged, invalid ones left out"),
        table="complaint", numerator="on_the_spot", better="up", dated_by="received_at", source="S2:48", note=_DAY,
    ),
    Kpi(
        id="follow_up_commitment_rate",
        label=Text("后续跟进承诺率", "Follow-up promised"),
        top=Text("写明承诺办结时间的投诉", "complaints with a promised time"),
        bottom=Text("当期受理、当天未办结的投诉（合并重复、不含无效）",
                    "complaints received in the period and not resolved that day, duplicates merged, invalid ones left out"),
        table="complaint", numerator="committed", better="up", dated_by="received_at", source="S2:48", note=_DAY,
    ),
    Kpi(
        id="channel_availability",
        label=Text("反馈渠道来件", "Contacts by channel"),
        top=Text("当期登记的投诉、建议、咨询和表扬，按渠道；每次来件都计，不合并重复、不论有效",
                 "complaints, suggestions, enquiries and praise registered in the period by channel: every contact counts, repeated and invalid ones too"),
        bottom=Text("无（数量）", "none (a count)"),
        table="owner_input", numerator="heard", kind="count", unit=_PIECES, scale=1, dated_by="at", by="input_channel",
        source="S3:67",
        note=Text("已撤回的不计；没有渠道一列的导出不计。热线接通率须有话务记录，此处没有。",
                  "Withdrawn ones and exports without a channel column are outside. The share of calls answered needs a call log, which is not among the tables."),
    ),
    Kpi(
        id="needs_survey_channels",
        label=Text("需求调研来件", "Needs heard by channel"),
        top=Text("当期的有效问卷（每户每次一份）以及投诉、建议、咨询（合并重复），按渠道",
                 "valid survey answers (one for each household and wave) and complaints, suggestions and enquiries (duplicates merged) of the period, by channel"),
        bottom=Text("无（数量）", "none (a count)"),
        table="owner_input", numerator="inputs", kind="count", unit=_PIECES, scale=1, dated_by="at", by="input_channel",
        source="S2:28",
        note=Text("问卷按提交时间；表扬不是需求，不计；已撤回的不计；没有渠道一列的导出不计。",
                  "Answers by the time they were sent; praise is no need; withdrawn ones and exports without a channel column are outside."),
    ),
    Kpi(
        id="praise_count",
        label=Text("表扬", "Praise"),
        top=Text("当期登记的表扬、锦旗和感谢信", "praise, banners and letters of thanks registered in the period"),
        bottom=Text("无（数量）", "none (a count)"),
        table="feedback", numerator="received", kind="count", unit=_PIECES, scale=1, better="up", dated_by="at",
        source="S1:25; S3:108",
    ),
)

DURATIONS = (
    Duration(
        id="complaint_handling_time",
        label=Text("投诉处理时长", "Complaint handling time"),
        table="complaint", start="received_at", end="resolved_at",
        top=Text("从受理到办结；未办结的按截至数据日计为未完", "from receipt to resolution; open cases count as still open"),
        source="S0:61",
    ),
)
NOTES = ()
# fmt: on


def derive(rows: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add the columns that the KPIs name to complaints as known at `cut.as_of`.

    `told` is an entry of any kind that was not withdrawn, `single` one that repeats no earlier one; `counted` is a complaint
    (not a suggestion or enquiry) that is single and not judged invalid.
    """
    limits, as_of = cut.definitions, cut.of(rows)
    rows = rows.assign(subject=rows["type_l2"].fillna(rows["type_l1"]))
    told = rows["status"] != "withdrawn"
    complaint = told & rows["kind"].fillna("complaint").eq("complaint")
    single = told & ~merged(rows, complaint, limits.complaint_merge_hours)
    counted = single & complaint & rows["valid"].fillna(True).astype(bool)
    untimed = rows["resolved_at"].isna() & rows["closed_at"].notna()
    rows = rows.assign(told=told, single=single, counted=counted, untimed=untimed)
    return rows.assign(
        received=only(counted, counted).astype("Int64"),
        judged_valid=only(rows["valid"], single & complaint & rows["valid"].notna()),
        satisfied=only(rows["satisfaction"] >= 4, counted & rows["satisfaction"].notna()),
        rated=only(rows["satisfaction"].notna(), counted & rows["resolved_at"].notna() & given(rows, "satisfaction")),
        cause_told=only(counted, counted & given(rows, "root_cause")).astype("Int64"),
        cause_coded=only(rows["root_cause"].notna(), counted & rows["resolved_at"].notna() & given(rows, "root_cause")),
        handled=only(counted, counted & rows["resolved_at"].notna()).astype("Int64"),
        **_timely(rows, as_of),
        first_contact=_first_contact(rows, limits.complaint_recall_days, as_of),
        revisited=only(
            met_by(rows["resolved_at"] + pd.Timedelta(days=limits.revisit_days), rows["revisited_at"], as_of),
            counted & given(rows, "revisited_at"),
        ),
    )


def derive_praise(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `received`, one for each entry of the praise register."""
    return rows.assign(received=pd.Series(1, index=rows.index, dtype="Int64"))


def inputs(entries: pd.DataFrame, praise: pd.DataFrame, answers: pd.DataFrame) -> pd.DataFrame:
    """Return what owners said through any channel, one row each: community, at, department, input_channel, heard, inputs.

    Arguments are derived tables.  `heard` counts every contact of the registers, `inputs` every need but once: an entry that
    repeats no earlier one, or the last valid answer of a household to a wave.
    """
    scored = answers[answers["counted"] & answers["score"].notna()].sort_values(["submitted_at", "response_id", "item"])
    who = scored["household"].fillna("response:" + scored["response_id"])
    sheets = scored.assign(who=who).drop_duplicates(["community", "survey_id", "who"], keep="last")
    entries = entries[entries["told"]]
    told = only(entries["told"], given(entries, "channel"))
    blank = pd.Series(pd.NA, index=sheets.index, dtype="str")
    parts = [
        _inputs(entries, "received_at", entries["channel"], told, only(entries["single"], entries["single"] & told)),
        _inputs(praise, "at", praise["channel"], only(praise["received"].notna(), given(praise, "channel")), pd.NA),
        _inputs(sheets.assign(department=blank), "submitted_at", "survey", pd.NA, True),
    ]
    return pd.concat(parts, ignore_index=True)


def _inputs(rows: pd.DataFrame, dated_by: str, channel: pd.Series | str, heard: object, needs: object) -> pd.DataFrame:
    said = rows[["community", "department"]].assign(at=rows[dated_by], input_channel=channel, heard=heard, inputs=needs)
    return said.astype({"input_channel": "str", "heard": "Int64", "inputs": "Int64"})


def _timely(rows: pd.DataFrame, as_of: pd.Timestamp | pd.Series) -> dict[str, pd.Series]:
    """Judge resolution against the promise, against the day of receipt, and at all.

    A case closed at an unknown time of resolution was in time if it was closed in time; of any other nobody knows.
    """
    known, untimed = given(rows, "resolved_at"), rows["untimed"]
    true = pd.Series(True, index=rows.index)
    kept = met_by(rows["promised_at"], rows["resolved_at"], as_of)
    kept = kept.mask(untimed, true.where(rows["closed_at"] <= rows["promised_at"]))
    spot = same_day(rows["received_at"], rows["resolved_at"], as_of)
    spot = spot.mask(untimed, true.where(rows["closed_at"].dt.floor("D") == rows["received_at"].dt.floor("D")))
    spot = only(spot, rows["counted"] & known)
    security = rows["department"].str.contains(_SECURITY, case=False).fillna(False).astype(bool)
    return {
        "on_time": only(kept, rows["counted"] & known),
        "resolved": only(rows["resolved_at"].notna() | untimed, rows["counted"] & known),
        "promise_kept": only(kept, rows["single"] & known),
        "help_on_time": only(kept, rows["single"] & known & security),
        "on_the_spot": spot,
        "committed": only(rows["promised_at"].notna(), ~spot.fillna(True).astype(bool) & given(rows, "promised_at")),
    }


def merged(rows: pd.DataFrame, complaint: pd.Series, hours: int) -> pd.Series:
    """Say which entries repeat an earlier one: marked so, or of the same household and subject as a complaint that came at
    most `hours` before.

    The hours count from the first of them, so that a household that goes on complaining is heard again.  One that was judged
    invalid, or marked as a repeat, absorbs none.
    """
    told = rows[complaint].dropna(subset=["household", "subject"])
    keys = ["community", "household", "subject"]
    ordered = told.sort_values([*keys, "received_at", "complaint_id"])
    matter = pd.factorize(pd.MultiIndex.from_frame(ordered[keys]))[0]
    sound = ordered["valid"].fillna(True).astype(bool) & ordered["duplicate_of"].isna()
    since = ordered["received_at"].astype("datetime64[s]").astype("int64")
    near = pd.Series(_absorbed(matter, since, sound, hours * 3600), index=ordered.index, dtype=bool)
    return rows["duplicate_of"].notna() | near.reindex(rows.index, fill_value=False)


def _absorbed(matters: Iterable[int], moments: Iterable[int], sound: Iterable[bool], limit: int) -> list[bool]:
    """Say which of the ordered moments lie at most `limit` after the first sound one of their matter not absorbed itself."""
    found, first, since = [], -1, 0
    for matter, moment, is_sound in zip(matters, moments, sound, strict=True):
        near = matter == first and moment - since <= limit
        found.append(near)
        if is_sound and not near:
            first, since = matter, moment
    return found


def overdue(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the open complaints whose promised time has passed at `as_of`, the oldest first, with `days_over`."""
    late = rows["counted"] & rows["resolved_at"].isna() & ~rows["untimed"] & (rows["promised_at"] < as_of)
    late &= given(rows, "resolved_at")
    late_rows = rows[late].sort_values(["promised_at", "complaint_id"])
    return late_rows.assign(days_over=(as_of - late_rows["promised_at"]).dt.days)


def _first_contact(rows: pd.DataFrame, days: int, as_of: pd.Timestamp | pd.Series) -> pd.Series:
    heard = rows.assign(heard_at=rows["received_at"].where(rows["counted"]))
    again = repeated(heard, ["community", "household", "subject"], "resolved_at", "heard_at", days)
    mature = rows["resolved_at"] <= as_of - pd.Timedelta(days=days)
    knowable = rows["contacts"].notna() & rows["household"].notna() & rows["subject"].notna()
    return only((rows["contacts"] == 1) & ~again, rows["counted"] & mature & knowable)
