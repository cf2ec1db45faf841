"""Community life: activities, extra services, notices, meetings, and their KPIs (digital tools: `digital`)."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains import digital
from propkit.domains.engagement_readings import READINGS, service_standards_published  # noqa: F401
from propkit.domains.engagement_tables import (
    ACTIVITY_KINDS,
    CULTURE,
    NOTICE_CHANNELS,
    NOTICE_KINDS,
    OWNER_SEGMENTS,
    SERVICE_KINDS,
    VALUE_ADDED,
)
from propkit.domains.engagement_tables import TABLES as OWN_TABLES
from propkit.domains.knowledge import only
from propkit.domains.teams import guards
from propkit.model import Cut, Derived, Kpi, Note, Segment
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
TABLES = (*OWN_TABLES, *digital.TABLES)
DURATIONS = ()

_HELD = {"recorded_on": Text("举办日期", "Held on")}
DERIVED = (
    Derived("activity", columns=_HELD),
    Derived("activity_feedback", of=("activity",), columns={"held_on": _HELD["recorded_on"]}),
    Derived("service_extra", columns=_HELD),
    Derived("notice", columns={"recorded_on": Text("发布日期", "Published")}),
    Derived("announced_outage", of=("notice",), columns={"about_start_at": Text("停水停电等开始时间", "Start of the outage")}),
    Derived("meeting", columns=_HELD),
    *digital.DERIVED,
)

SEGMENTS = (
    Segment("activity_kind", Text("活动类型", "Kind of activity"), ACTIVITY_KINDS),
    Segment("service_kind", Text("服务类型", "Kind of service"), SERVICE_KINDS),
    Segment("owner_segment", Text("服务人群", "Group served"), OWNER_SEGMENTS),
    Segment("notice_kind", Text("公告类型", "Kind of notice"), NOTICE_KINDS),
    Segment("notice_channel", Text("发布渠道", "Channel of the notice"), NOTICE_CHANNELS),
    *digital.SEGMENTS,
)

NOTES = (
    Note("activity_effect", Text("社区凝聚力作用", "What activities did for the community"), "S0:79"),
    Note("personalised_service_cases", Text("个性化服务案例", "Cases of personal service"), "S0:63"),
    Note("value_added_services", Text("增值服务探索", "New value-added services"), "S1:57; S3:125"),
    Note("information_gaps", Text("信息沟通问题", "Gaps in information"), "S1:40"),
    Note("communication_strategy", Text("沟通策略", "Communication strategy"), "S1:52"),
    Note("next_period_activity_and_team_plan", Text("下期活动与团队计划", "Next activities and team plan"), "S1:56,59"),
)

_NONE = Text("无（数量）", "none (a count)")
_TIMES = Text("场", "activities")
_PEOPLE = Text("人次", "attendances")
_SERVED = Text("人次", "services")
_NOTICES = Text("条", "notices")
_MEETINGS = Text("次", "meetings")
_RECORDED = Text("只计登记了数量的；一条也没有登记的月份没有数值。", "Only what was recorded counts; a month without any record has no value.")
_SERVICES = Text("按登记的人次（件次）相加，同一人多次计多次。", "Recorded services are added up; one person served twice counts twice.")

KPIS = (
    Kpi(
        id="activity_count", label=Text("活动数量", "Activities"),
        top=Text("当期举办的活动（取消的除外）", "activities held in the period, cancelled ones left out"), bottom=_NONE,
        table="activity", numerator="held", kind="count", unit=_TIMES, scale=1, dated_by="held_on", by="activity_kind",
        source="S0:79",
    ),
    Kpi(
        id="activity_participants", label=Text("社区活动参与人次", "Attendances at activities"),
        top=Text("当期活动的参与人次", "attendances at activities of the period"), bottom=_NONE,
        table="activity", numerator="attended", kind="count", unit=_PEOPLE, scale=1, better="up", dated_by="recorded_on",
        by="activity_kind", source="S0:40",
        note=Text("是人次不是人数：同一人参加两场计两次；不同活动之间无法去重。" + _RECORDED.zh,
                  "Attendances, not people: who comes twice counts twice, and this cannot be told apart. " + _RECORDED.en),
    ),
    Kpi(
        id="activity_households", label=Text("社区活动参与户次", "Household attendances"),
        top=Text("当期活动的参与户次（同一户每场计一次）", "households at activities of the period, once for each activity"), bottom=_NONE,
        table="activity", numerator="homes_attended", kind="count", unit=Text("户次", "household attendances"), scale=1,
        better="up", dated_by="recorded_on", by="activity_kind", source="S0:40",
        note=Text("登记表只有各场的户数，不能得出去重后的住户占比。" + _RECORDED.zh,
                  "Records hold the households of each activity, so the share of distinct homes cannot be told. " + _RECORDED.en),
    ),
    Kpi(
        id="activity_feedback", label=Text("活动反馈均分", "Activity feedback"),
        top=Text("各场均分乘以评价份数之和", "sum of mean score times number of answers"),
        bottom=Text("评价份数", "number of answers"),
        table="activity_feedback", numerator="points_milli", denominator="answers", kind="money",
        unit=Text("分", "points"), scale=0.001, better="up", dated_by="held_on", opinion=True, by="activity_kind",
        source="S0:79; S1:24",
        note=Text("按份数加权；须登记满分，不同满分的活动不合计。只有均分而无逐份答案，因此没有区间；现场评价者是自愿填写的。",
                  "Weighted by answers; the top of the scale must be recorded, and different scales are never pooled. There are means but no single answers, hence no interval; those who answer chose to."),
    ),
    Kpi(
        id="festival_activity", label=Text("节日活动", "Festival activities"),
        top=Text("当期举办的节日活动", "festival activities held in the period"), bottom=_NONE,
        table="activity", numerator="festival", kind="count", unit=_TIMES, scale=1, dated_by="recorded_on", explained=True,
        source="S1:13,24", note=Text("只计类型登记为节日的活动。", "Only activities recorded as festive."),
    ),
    Kpi(
        id="festival_participants", label=Text("节日活动参与人次", "Attendances at festivals"),
        top=Text("当期节日活动的参与人次", "attendances at festival activities of the period"), bottom=_NONE,
        table="activity", numerator="festival_attended", kind="count", unit=_PEOPLE, scale=1, better="up",
        dated_by="recorded_on", source="S1:13,24", note=_RECORDED,
    ),
    Kpi(
        id="community_activities", label=Text("社区文化活动", "Community events"),
        top=Text("当期举办的节日、文体、讲座、亲子和邻里活动", "festivals, culture and sports, talks, family and neighbour events held in the period"),
        bottom=_NONE,
        table="activity", numerator="culture", kind="count", unit=_TIMES, scale=1, better="up", dated_by="recorded_on",
        by="activity_kind", source="S3:70", note=Text("不含公益志愿和宣传；类型空白的不计。", "Volunteer work and publicity are left out, as are activities of unknown kind."),
    ),
    Kpi(
        id="volunteers", label=Text("居民志愿者", "Volunteers"),
        top=Text("当期活动中的志愿者人次", "volunteer attendances at activities of the period"), bottom=_NONE,
        table="activity", numerator="helped", kind="count", unit=_PEOPLE, scale=1, better="up", dated_by="recorded_on",
        explained=True, source="S2:85", note=_RECORDED,
    ),
    Kpi(
        id="volunteer_hours", label=Text("志愿服务时长", "Volunteer hours"),
        top=Text("当期活动中志愿者服务的小时", "hours that volunteers gave at activities of the period"), bottom=_NONE,
        table="activity", numerator="helped_milli", kind="count", unit=Text("小时", "hours"), scale=0.001, better="up",
        dated_by="recorded_on", source="S2:85", note=_RECORDED,
    ),
    Kpi(
        id="convenience_services", label=Text("便民服务", "Everyday services"),
        top=Text("当期登记的各类便民服务人次", "services of all kinds recorded in the period"), bottom=_NONE,
        table="service_extra", numerator="served", kind="count", unit=_SERVED, scale=1, dated_by="held_on",
        by="service_kind", explained=True, source="S0:80", note=_SERVICES,
    ),
    Kpi(
        id="guard_services", label=Text("秩序部便民服务", "Services by guards"),
        top=Text("当期由秩序（安保）部门提供的便民服务人次", "services given by the guards' department in the period"), bottom=_NONE,
        table="service_extra", numerator="served_by_guards", kind="count", unit=_SERVED, scale=1, dated_by="recorded_on",
        by="service_kind", source="S4:64",
        note=Text("部门名称含秩序、安保、保安等字样；部门空白的不计。" + _SERVICES.zh, "The department's name says so; services without a department are left out. " + _SERVICES.en),
    ),
    Kpi(
        id="value_added_counts", label=Text("增值服务人次", "Value-added services"),
        top=Text("当期磨刀、小家电维修、义诊、理发等增值服务人次", "knife sharpening, appliance repair, health checks, haircuts and the like given in the period"),
        bottom=_NONE,
        table="service_extra", numerator="value_added", kind="count", unit=_SERVED, scale=1, dated_by="held_on",
        by="service_kind", source="S2:51", note=_SERVICES,
    ),
    Kpi(
        id="customised_services", label=Text("定制化服务", "Services made for a group"),
        top=Text("当期为特定人群提供的服务人次", "services given to a particular group in the period"), bottom=_NONE,
        table="service_extra", numerator="customised", kind="count", unit=_SERVED, scale=1, dated_by="recorded_on",
        by="owner_segment", explained=True, source="S2:86",
        note=Text("面向全体住户或人群空白的不计。" + _SERVICES.zh, "Services for everybody and those of unknown group are left out. " + _SERVICES.en),
    ),
    Kpi(
        id="information_release", label=Text("信息发布", "Notices"),
        top=Text("当期发布的公告", "notices published in the period"), bottom=_NONE,
        table="notice", numerator="published", kind="count", unit=_NOTICES, scale=1, dated_by="published_at",
        by="notice_kind", source="S3:71", note=Text("同一内容在多个渠道发布，按登记条数计。", "One text in several channels counts as often as it was recorded."),
    ),
    Kpi(
        id="outage_notice_ahead_rate", label=Text("停供提前告知率", "Outages announced ahead"),
        top=Text("开始之前已发布通知的停水、停电等", "outages of which a notice was published before they began"),
        bottom=Text("当期开始、有过通知的停水、停电等", "outages begun in the period of which there was any notice"),
        table="announced_outage", numerator="announced_ahead", better="up", dated_by="about_start_at", source="S3:71",
        note=Text("从未通知过的停供不在公告台账里，看不到，因此是上限；开始时间空白的不计；同一时间、同类的通知并为一次。",
                  "An outage that was never announced is not in the register, so this is an upper bound; notices without a start are left out, those of one start and kind are one outage."),
    ),
    Kpi(
        id="publicity", label=Text("宣传预热", "Publicity"),
        top=Text("当期为服务日和活动发布的预告", "announcements of service days and activities published in the period"), bottom=_NONE,
        table="notice", numerator="promoted", kind="count", unit=_NOTICES, scale=1, dated_by="published_at",
        by="notice_channel", explained=True, source="S2:37",
    ),
    Kpi(
        id="publicity_reach", label=Text("宣传触达人次", "Reach of publicity"),
        top=Text("服务日和活动预告的阅读或触达人次", "readers reached by announcements of service days and activities"), bottom=_NONE,
        table="notice", numerator="reached", kind="count", unit=Text("人次", "readers"), scale=1, dated_by="recorded_on",
        by="notice_channel", source="S2:37",
        note=Text("各渠道的触达有重叠，只能看作人次。" + _RECORDED.zh, "Channels overlap, so these are readings, not people. " + _RECORDED.en),
    ),
    Kpi(
        id="civility_campaigns", label=Text("文明宣传", "Civility campaigns"),
        top=Text("当期发布的文明宣传", "civility campaigns published in the period"), bottom=_NONE,
        table="notice", numerator="campaign", kind="count", unit=_NOTICES, scale=1, dated_by="published_at",
        by="notice_channel", explained=True, source="S4:48",
        note=Text("成效须与违停等违规数量一并看。", "What they did shows only beside the violations of the period."),
    ),
    Kpi(
        id="owner_meetings", label=Text("业主座谈会", "Owners' meetings"),
        top=Text("当期召开的业主座谈会", "owners' meetings held in the period"), bottom=_NONE,
        table="meeting", numerator="forum", kind="count", unit=_MEETINGS, scale=1, dated_by="held_on", source="S3:69",
    ),
    Kpi(
        id="owner_meeting_attendees", label=Text("座谈会参会人次", "Attendances at owners' meetings"),
        top=Text("当期业主座谈会的参会人次", "attendances at owners' meetings of the period"), bottom=_NONE,
        table="meeting", numerator="forum_attended", kind="count", unit=_PEOPLE, scale=1, dated_by="recorded_on",
        source="S3:69", note=_RECORDED,
    ),
    Kpi(
        id="owner_meeting_resolution_rate", label=Text("座谈会议题解决率", "Topics of owners' meetings resolved"),
        top=Text("截至数据日已解决的议题", "topics resolved by the cut-off"), bottom=Text("当期座谈会提出的议题", "topics raised at owners' meetings of the period"),
        table="meeting", numerator="forum_resolved", denominator="forum_topics", ages=True, better="up", dated_by="held_on",
        source="S3:69", note=Text("两数都登记的才计；解决数多于议题数的记录不计。", "Only where both are recorded; more resolved than raised is left out."),
    ),
    Kpi(
        id="owner_supervision", label=Text("业主监督委员会答复率", "Supervisors' questions answered"),
        top=Text("截至数据日已答复的质询", "questions answered by the cut-off"), bottom=Text("当期监督委员会提出的质询", "questions that the owners' supervisors asked in the period"),
        table="meeting", numerator="supervised_answered", denominator="supervised_asked", ages=True, better="up",
        dated_by="held_on", explained=True, source="S3:59",
        note=Text("两数都登记的才计；答复数多于质询数的记录不计。", "Only where both are recorded; more answered than asked is left out."),
    ),
    Kpi(
        id="owner_supervision_meetings", label=Text("业主监督委员会会议", "Supervisors' meetings"),
        top=Text("当期召开的监督委员会会议", "meetings of the owners' supervisors held in the period"), bottom=_NONE,
        table="meeting", numerator="supervision", kind="count", unit=_MEETINGS, scale=1, dated_by="held_on", source="S3:59",
    ),
    Kpi(
        id="reception_count", label=Text("现场接待量", "Households received"),
        top=Text("当期接待点和咨询会接待的户次", "households received at reception points and advice meetings in the period"), bottom=_NONE,
        table="meeting", numerator="received_homes", kind="count", unit=Text("户次", "households"), scale=1,
        dated_by="recorded_on", source="S2:18", note=_RECORDED,
    ),
    Kpi(
        id="reception_topics", label=Text("现场接待事项", "Topics raised at reception"),
        top=Text("当期接待点和咨询会上提出的事项", "topics raised at reception points and advice meetings in the period"), bottom=_NONE,
        table="meeting", numerator="received_topics", kind="count", unit=Text("件", "topics"), scale=1,
        dated_by="recorded_on", source="S2:18", note=_RECORDED,
    ),
    *digital.KPIS,
)
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return the tables of this room with the columns that its KPIs name.

    Added: `activity_feedback` (one row for each answer, at the mean of its activity), `announced_outage` (one row for each
    outage that a notice speaks of), and the tables of `digital`.  `recorded_on` is the date for sums of what may be
    unrecorded: a month without a record then has no value, where a zero would be untrue.
    """
    return {
        "activity": _activities(known["activity"]),
        "activity_feedback": _feedback(known["activity"]),
        "service_extra": _services(known["service_extra"]),
        "notice": _notices(known["notice"]),
        "announced_outage": _outages(known["notice"], cut.as_of),
        "meeting": _meetings(known["meeting"]),
        **digital.derive(known, cut),
    }


def _one(where: pd.Series) -> pd.Series:
    """Return 1 where the condition holds, elsewhere missing."""
    return only(where, where).astype("Int64")


def _activities(rows: pd.DataFrame) -> pd.DataFrame:
    held = rows["status"] != "cancelled"
    festive, culture = held & (rows["activity_kind"] == "festival"), held & rows["activity_kind"].isin(CULTURE)
    return rows.assign(
        recorded_on=rows["held_on"],
        held=_one(held),
        attended=rows["participants"].where(held),
        homes_attended=rows["households"].where(held),
        festival=_one(festive),
        festival_attended=rows["participants"].where(festive),
        culture=_one(culture),
        helped=rows["volunteers"].where(held),
        helped_milli=rows["volunteer_hours_milli"].where(held),
    )


def _feedback(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each answer: what was answered is known as a mean only, how many answered exactly."""
    top = rows["feedback_scale"] * 1000
    told = (rows["status"] != "cancelled") & (rows["feedback_mean_milli"] <= top).fillna(False).astype(bool)
    told = rows[told & (rows["feedback_n"] > 0).fillna(False).astype(bool)]
    answers = told.loc[told.index.repeat(told["feedback_n"].astype("int64"))].reset_index(drop=True)
    names = ["community", "activity_id", "activity_kind", "held_on"]
    return answers[names].assign(
        points_milli=answers["feedback_mean_milli"],
        answers=pd.Series(1, index=answers.index, dtype="Int64"),
        scale=answers["feedback_scale"].astype("str"),
    )


def _services(rows: pd.DataFrame) -> pd.DataFrame:
    group = rows["owner_segment"]
    return rows.assign(
        recorded_on=rows["held_on"],
        served_by_guards=rows["served"].where(guards(rows["department"]).fillna(False).astype(bool)),
        value_added=rows["served"].where(rows["service_kind"].isin(VALUE_ADDED)),
        customised=rows["served"].where(group.notna() & (group != "everyone")),
    )


def _notices(rows: pd.DataFrame) -> pd.DataFrame:
    promoted = rows["notice_kind"].isin(["service_day", "activity"])
    return rows.assign(
        recorded_on=rows["published_at"],
        published=pd.Series(1, index=rows.index, dtype="Int64"),
        promoted=_one(promoted),
        reached=rows["reach"].where(promoted),
        campaign=_one(rows["notice_kind"] == "campaign"),
    )


def _outages(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return one row for each outage begun by `as_of`, judged by its first notice."""
    about = rows[(rows["notice_kind"] == "outage") & (rows["about_start_at"] <= as_of)]
    keys = ["community", "about_start_at", "outage_kind"]
    first = about.sort_values([*keys, "published_at"]).drop_duplicates(keys)[[*keys, "published_at"]]
    ahead = (first["published_at"] < first["about_start_at"]).astype("boolean")
    return first.assign(announced_ahead=ahead).reset_index(drop=True)


def _meetings(rows: pd.DataFrame) -> pd.DataFrame:
    kind = rows["meeting_kind"]
    forum, supervision, reception = kind == "forum", kind == "supervision", kind == "reception"
    topics = forum & (rows["resolved"] <= rows["topics"]).fillna(False).astype(bool)
    asked = supervision & (rows["answered"] <= rows["asked"]).fillna(False).astype(bool)
    return rows.assign(
        recorded_on=rows["held_on"],
        forum=_one(forum),
        forum_attended=rows["attendees"].where(forum),
        forum_topics=rows["topics"].where(topics),
        forum_resolved=rows["resolved"].where(topics),
        supervision=_one(supervision),
        supervised_asked=rows["asked"].where(asked),
        supervised_answered=rows["answered"].where(asked),
        received_homes=rows["households"].where(reception),
        received_topics=rows["topics"].where(reception),
    )
