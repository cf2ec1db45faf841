"""Incidents: how many, how grave, how soon somebody came and how they ended; the table, derived columns and KPIs."""

from __future__ import annotations

import pandas as pd

from propkit.domains.knowledge import given, only, within
from propkit.domains.security_words import GRAVE, INCIDENT_KINDS, INCIDENT_LEVELS
from propkit.model import Column, Cut, Duration, Kpi, Segment, Table
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
INCIDENT = Table(
    name="incident",
    label=Text("突发事件台账", "Incidents"),
    columns={
        "incident_id": Column("id", label=Text("事件编号", "Incident id"), required=True,
                              headers=("事件编号", "编号", "incident_id")),
        "incident_kind": Column("choice", label=Text("事件类型", "Kind of incident"), choices=INCIDENT_KINDS,
                                headers=("事件类型", "事件类别", "类型", "kind")),
        "incident_level": Column("choice", label=Text("事件等级", "Incident level"), choices=INCIDENT_LEVELS,
                                 headers=("事件等级", "等级", "级别", "level")),
        "occurred_at": Column("instant", label=Text("发生时间", "Occurred"), headers=("发生时间", "occurred_at")),
        "reported_at": Column("instant", label=Text("接报时间", "Reported"), required=True,
                              headers=("接报时间", "上报时间", "报告时间", "告警时间", "reported_at")),
        "arrived_at": Column("instant", label=Text("到场时间", "Arrived"),
                             headers=("到场时间", "到达时间", "签到时间", "arrived_at")),
        "controlled_at": Column("instant", label=Text("控制时间", "Under control"),
                                headers=("控制时间", "处置时间", "controlled_at")),
        "closed_at": Column("instant", label=Text("结案时间", "Closed"),
                            headers=("结案时间", "办结时间", "关闭时间", "closed_at")),
        "outcome": Column("text", label=Text("处理结果", "Outcome"), known_from="closed_at",
                          headers=("处理结果", "处置结果", "outcome")),
        "external_agency": Column("text", label=Text("联动单位", "External agency"),
                                  headers=("联动单位", "外部单位", "联动部门", "external_agency")),
        "casualties": Column("whole", label=Text("伤亡人数", "Casualties"), low=0, known_from="closed_at",
                             headers=("伤亡人数", "伤亡", "casualties")),
        "loss_fen": Column("money", label=Text("财产损失", "Loss"), low=0, known_from="closed_at",
                           headers=("财产损失", "损失金额", "直接损失", "loss_yuan")),
        "false_alarm": Column("flag", label=Text("是否误报", "False alarm"), headers=("是否误报", "误报", "false_alarm")),
    },
    key=("community", "incident_id"),
    identity=("reported_at",),
    dated_by="reported_at",
    ordered=(("occurred_at", "reported_at"), ("reported_at", "arrived_at"), ("arrived_at", "controlled_at"),
             ("controlled_at", "closed_at")),
)

TABLES = (INCIDENT,)

SEGMENTS = (
    Segment("incident_kind", Text("事件类型", "Kind of incident"), INCIDENT_KINDS),
    Segment("incident_level", Text("事件等级", "Incident level"), INCIDENT_LEVELS),
    Segment("external_agency", Text("联动单位", "External agency")),
)

_NONE = Text("无（数量）", "none (a count)")
_CASES = Text("起", "incidents")
_REAL = Text("误报不计。按接报时间归月。", "False alarms are left out. By the time of the report.")
_RECORDED = Text("只说明台账登记的情况：没有填写的不计入。", "It tells what the register holds: what was left blank is not in it.")

KPIS = (
    Kpi(
        id="incident_count_by_type",
        label=Text("突发事件数量", "Incidents"),
        top=Text("当期接报的突发事件", "incidents reported in the period"), bottom=_NONE,
        table="incident", numerator="counted_one", kind="count", unit=_CASES, scale=1, better="down",
        dated_by="reported_at", by="incident_kind", source="S4:55", note=_REAL,
    ),
    Kpi(
        id="incident_rate",
        label=Text("每千户突发事件", "Incidents per 1,000 homes"),
        top=Text("已过完的月份里接报的突发事件", "incidents reported in months that are over"),
        bottom=Text("户·月（每户每月计一）", "household-months"),
        table="incident", numerator="in_whole_month", denominator="incident_exposure.households", kind="rate",
        unit=Text("起/千户·月", "per 1,000 household-months"), scale=1000, better="down", dated_by="reported_at",
        source="S4:55; S0:70", note=Text(_REAL.zh + "以户为基数，与按人口计算的数字不可比；乘以 12 为每千户每年。",
                                         _REAL.en + " Per household, not to be compared with figures per head; times 12 is per year."),
    ),
    Kpi(
        id="major_incident_count",
        label=Text("重大突发事件", "Major incidents"),
        top=Text("等级登记为重大、特别重大的事件", "incidents recorded as major or extremely major"), bottom=_NONE,
        table="incident", numerator="major", kind="count", unit=_CASES, scale=1, better="down",
        dated_by="reported_at", by="incident_kind", source="S4:55,100",
        note=Text(_RECORDED.zh + "台账不分等级时，0 不能说明没有重大事件。",
                  _RECORDED.en + " Where the register has no levels, 0 does not say that there was none."),
    ),
    Kpi(
        id="incident_response_on_time_rate",
        label=Text("突发事件到场及时率", "Incidents reached in time"),
        top=Text("接报后{emergency_minutes}分钟内到场的事件", "incidents reached within {emergency_minutes} minutes of the report"),
        bottom=Text("当期接报、能够判定的事件；过时无人到场的计为不及时",
                    "incidents reported in the period that can be judged; nobody there by then counts as late"),
        table="incident", numerator="reached", better="up", dated_by="reported_at", by="incident_kind", source="S4:55,100",
        note=Text(_REAL.zh + "时钟为自然时间。到场时间空缺而已控制或结案的，除非已在时限内控制，不判定。",
                  _REAL.en + " Calendar time. Controlled or closed without a time of arrival is not judged, unless controlled within the limit."),
    ),
    Kpi(
        id="incident_outcome",
        label=Text("突发事件结案率", "Incidents closed"),
        top=Text("截至数据日已结案的事件", "incidents closed by the data cut-off"),
        bottom=Text("当期接报的事件", "incidents reported in the period"),
        table="incident", numerator="closed", ages=True, better="up", dated_by="reported_at", by="incident_kind",
        source="S4:55", note=_REAL,
    ),
    Kpi(
        id="incident_casualties",
        label=Text("突发事件伤亡人数", "Casualties of incidents"),
        top=Text("登记的伤亡人数", "casualties on record"), bottom=_NONE,
        table="incident", numerator="harmed", kind="count", unit=Text("人", "people"), scale=1, better="down",
        dated_by="reported_at", by="incident_kind", source="S4:55", note=_RECORDED,
    ),
    Kpi(
        id="incident_loss",
        label=Text("突发事件财产损失", "Loss from incidents"),
        top=Text("登记的财产损失", "loss on record"), bottom=_NONE,
        table="incident", numerator="lost_fen", kind="count", unit=Text("元", "yuan"), scale=0.01, better="down",
        dated_by="reported_at", by="incident_kind", source="S4:55", note=_RECORDED,
    ),
    Kpi(
        id="external_liaison",
        label=Text("外部联动", "Joint response"),
        top=Text("登记有公安、消防、医疗等外部单位参与的事件", "incidents with an external agency on record"), bottom=_NONE,
        table="incident", numerator="joint", kind="count", unit=_CASES, scale=1, explained=True,
        dated_by="reported_at", by="external_agency", source="S4:56",
        note=Text(_REAL.zh + _RECORDED.zh + "联合演练不在内。", f"{_REAL.en} {_RECORDED.en} Joint drills are not in it."),
    ),
    Kpi(
        id="community_harmony",
        label=Text("邻里纠纷", "Neighbour disputes"),
        top=Text("类型为业主纠纷的事件", "incidents of the kind resident dispute"), bottom=_NONE,
        table="incident", numerator="dispute", kind="count", unit=_CASES, scale=1, better="down", explained=True,
        dated_by="reported_at", source="S3:112",
        note=Text(_REAL.zh + _RECORDED.zh, f"{_REAL.en} {_RECORDED.en}"),
    ),
)

DURATIONS = (
    Duration(
        id="incident_response_time",
        label=Text("突发事件响应时长", "Incident response time"),
        table="incident", start="reported_at", end="arrived_at", limit="emergency_minutes",
        top=Text("从接报到到场；未到场的按截至数据日计为未完", "from report to arrival; nobody there yet counts as still open"),
        source="S4:55,100", note=_REAL,
    ),
)
# fmt: on


def derive(rows: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add to incidents: counted (no false alarm), untimed, and the numerators of their KPIs."""
    counted = ~rows["false_alarm"].fillna(False).astype(bool)
    limit = cut.definitions.emergency_minutes
    gone = rows["controlled_at"].notna() | rows["closed_at"].notna()
    untimed = rows["arrived_at"].isna() & gone
    soon = rows["controlled_at"] <= rows["reported_at"] + pd.Timedelta(minutes=limit)
    reached = within(rows["reported_at"], rows["arrived_at"], limit, cut.as_of)
    reached = reached.mask(untimed, pd.Series(True, index=rows.index, dtype="boolean").where(soon))
    month_ends = rows["reported_at"].dt.to_period("M").dt.end_time.dt.floor("s")
    level, kind = rows["incident_level"], rows["incident_kind"]

    def told(fact: pd.Series, known: pd.Series) -> pd.Series:
        return only(fact, counted & known).astype("Int64")

    return rows.assign(
        counted=counted,
        untimed=untimed,
        counted_one=told(counted, counted),
        in_whole_month=told(counted, month_ends <= cut.as_of),
        major=told(level.isin(GRAVE), level.notna()),
        reached=only(reached, counted & given(rows, "arrived_at")),
        closed=only(rows["closed_at"].notna(), counted & given(rows, "closed_at")),
        harmed=rows["casualties"].where(counted),
        lost_fen=rows["loss_fen"].where(counted),
        joint=told(rows["external_agency"].notna(), given(rows, "external_agency")),
        dispute=told(kind == "dispute", kind.notna()),
    )
