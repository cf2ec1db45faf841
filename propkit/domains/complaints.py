"""Complaints and praise: the register, the columns derived from it, and the KPIs of complaint handling."""

from __future__ import annotations

import pandas as pd

from propkit.domains.knowledge import given, met_by, only, repeated
from propkit.model import Column, Cut, Duration, Kpi, Segment, Table
from propkit.text import Text

KINDS = {
    "complaint": Text("投诉", "Complaint"),
    "suggestion": Text("建议", "Suggestion"),
    "enquiry": Text("咨询", "Enquiry"),
}
STATUSES = {
    "open": Text("处理中", "Open"),
    "resolved": Text("处理完成", "Resolved"),
    "closed": Text("已关闭", "Closed"),
    "withdrawn": Text("已撤回", "Withdrawn"),
}
PRAISE_KINDS = {
    "praise": Text("表扬", "Praise"),
    "banner": Text("锦旗", "Silk banner"),
    "letter": Text("感谢信", "Letter of thanks"),
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
        "root_cause": Column("text", label=Text("根因", "Root cause"), headers=("根因", "根本原因", "root_cause")),
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
    },
    key=("community", "feedback_id"),
    identity=("at",),
    dated_by="at",
)
TABLES = (COMPLAINT, FEEDBACK)

SEGMENTS = (
    Segment("type_l1", Text("投诉类别", "Complaint type")),
    Segment("type_l2", Text("投诉小类", "Complaint subtype")),
    Segment("department", Text("责任部门", "Department")),
    Segment("root_cause", Text("根因", "Root cause")),
)

_MERGED = Text(
    "同一房屋、同一小类在{complaint_merge_hours}小时内的多次反映并为一件；判为无效的不计入，并另行列出比例。",
    "The same household and subtype within {complaint_merge_hours} hours is one complaint; those judged invalid are left out and their share is shown.",
)
_PIECES = Text("件", "cases")

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
        id="praise_count",
        label=Text("表扬", "Praise"),
        top=Text("当期登记的表扬、锦旗和感谢信", "praise, banners and letters of thanks registered in the period"),
        bottom=Text("无（数量）", "none (a count)"),
        table="feedback", numerator="received", kind="count", unit=_PIECES, scale=1, better="up", dated_by="at",
        source="S1:25",
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
READINGS = ()
NOTES = ()
# fmt: on


def derive(rows: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add the columns that the KPIs name to complaints as known at `cut.as_of`.

    `counted` is a complaint (not a suggestion or enquiry), not withdrawn, not merged into an earlier one, not judged invalid.
    """
    limits, as_of = cut.definitions, cut.as_of
    subject = rows["type_l2"].fillna(rows["type_l1"])
    rows = rows.assign(subject=subject)
    complaint = rows["kind"].fillna("complaint").eq("complaint") & (rows["status"] != "withdrawn")
    single = complaint & ~merged(rows, complaint, limits.complaint_merge_hours)
    counted = single & rows["valid"].fillna(True).astype(bool)
    resolved = counted & given(rows, "resolved_at")
    untimed = rows["resolved_at"].isna() & rows["closed_at"].notna()
    due_met = met_by(rows["promised_at"], rows["resolved_at"], as_of)
    due_met = due_met.mask(untimed, pd.Series(True, index=rows.index).where(rows["closed_at"] <= rows["promised_at"]))
    return rows.assign(
        counted=counted,
        received=only(counted, counted).astype("Int64"),
        judged_valid=only(rows["valid"], single & rows["valid"].notna()),
        untimed=untimed,
        on_time=only(due_met, resolved),
        resolved=only(rows["resolved_at"].notna() | untimed, resolved),
        first_contact=_first_contact(rows.assign(counted=counted), limits.complaint_recall_days, as_of),
        satisfied=only(rows["satisfaction"] >= 4, counted & rows["satisfaction"].notna()),
        rated=only(rows["satisfaction"].notna(), counted & rows["resolved_at"].notna() & given(rows, "satisfaction")),
        revisited=only(
            met_by(rows["resolved_at"] + pd.Timedelta(days=limits.revisit_days), rows["revisited_at"], as_of),
            counted & given(rows, "revisited_at"),
        ),
    )


def derive_praise(rows: pd.DataFrame) -> pd.DataFrame:
    """Add `received`, one for each entry of the praise register."""
    return rows.assign(received=pd.Series(1, index=rows.index, dtype="Int64"))


def merged(rows: pd.DataFrame, complaint: pd.Series, hours: int) -> pd.Series:
    """Say which complaints repeat an earlier one: marked so, or the same household and subject within `hours`.

    One that was judged invalid absorbs none.
    """
    told = rows[complaint].dropna(subset=["household", "subject"])
    keys = ["community", "household", "subject"]
    ordered = told.sort_values([*keys, "received_at", "complaint_id"])
    matter = pd.Series(pd.factorize(pd.MultiIndex.from_frame(ordered[keys]))[0], index=ordered.index)
    sound = ordered["valid"].fillna(True).astype(bool)
    earlier = ordered["received_at"].where(sound).ffill().shift()
    same = matter.where(sound).ffill().shift() == matter
    near = ordered["received_at"] - earlier <= pd.Timedelta(hours=hours)
    return rows["duplicate_of"].notna() | (same & near).reindex(rows.index, fill_value=False)


def overdue(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the open complaints whose promised time has passed at `as_of`, the oldest first, with `days_over`."""
    late = rows["counted"] & rows["resolved_at"].isna() & ~rows["untimed"] & (rows["promised_at"] < as_of)
    late &= given(rows, "resolved_at")
    late_rows = rows[late].sort_values(["promised_at", "complaint_id"])
    return late_rows.assign(days_over=(as_of - late_rows["promised_at"]).dt.days)


def _first_contact(rows: pd.DataFrame, days: int, as_of: pd.Timestamp) -> pd.Series:
    heard = rows.assign(heard_at=rows["received_at"].where(rows["counted"]))
    again = repeated(heard, ["community", "household", "subject"], "resolved_at", "heard_at", days)
    mature = rows["resolved_at"] <= as_of - pd.Timedelta(days=days)
    knowable = rows["contacts"].notna() & rows["household"].notna() & rows["subject"].notna()
    return only((rows["contacts"] == 1) & ~again, rows["counted"] & mature & knowable)
