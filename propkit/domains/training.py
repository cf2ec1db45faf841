"""Training: sessions, attendance, tests and what they changed."""

from __future__ import annotations

import pandas as pd

from propkit.domains.knowledge import only
from propkit.domains.teams import guards
from propkit.model import Column, Kpi, Segment, Table
from propkit.text import Text

TRAINING_KINDS = {
    "onboarding": Text("岗前培训", "Before the first shift"),
    "in_service": Text("在职培训", "In service"),
    "assessment": Text("技能考核", "Skill assessment"),
    "external": Text("外派培训", "External"),
    "other": Text("其他培训", "Other training"),
}
STATUSES = {
    "held": Text("已开展", "Held"),
    "cancelled": Text("已取消", "Cancelled"),
}

# One line for each fact, as in a table.
# fmt: off
TRAINING = Table(
    name="training",
    label=Text("培训记录", "Training"),
    columns={
        "training_id": Column("id", label=Text("培训编号", "Training id"), required=True,
                              headers=("培训编号", "编号", "training_id")),
        "training_kind": Column("choice", label=Text("培训类型", "Kind"), choices=TRAINING_KINDS,
                                headers=("培训类型", "类型", "培训类别", "training_kind")),
        "training_topic": Column("text", label=Text("培训主题", "Topic"),
                                 headers=("培训主题", "培训内容", "主题", "课程", "topic")),
        "status": Column("choice", label=Text("状态", "Status"), choices=STATUSES, headers=("状态", "status")),
        "held_on": Column("day", label=Text("培训日期", "Held on"), required=True,
                          headers=("培训日期", "日期", "培训时间", "held_on")),
        "hours_milli": Column("decimal", label=Text("课时", "Hours"), low=0, headers=("课时", "学时", "培训课时", "hours")),
        "department": Column("text", label=Text("部门", "Department"),
                             headers=("部门", "参训部门", "培训部门", "department")),
        "expected": Column("whole", label=Text("应到人数", "Expected"), low=0,
                           headers=("应到人数", "应参训人数", "应到", "expected")),
        "attended": Column("whole", label=Text("实到人数", "Attended"), low=0,
                           headers=("实到人数", "参训人数", "实到", "attended")),
        "tested": Column("whole", label=Text("考核人数", "Tested"), low=0, headers=("考核人数", "参考人数", "tested")),
        "passed": Column("whole", label=Text("合格人数", "Passed"), low=0, headers=("合格人数", "通过人数", "passed")),
        "full_marks": Column("whole", label=Text("满分", "Full marks"), low=1, high=1000,
                             headers=("满分", "试卷满分", "full_marks")),
        "pre_mean_milli": Column("decimal", label=Text("培训前均分", "Mean before"), low=0,
                                 headers=("培训前均分", "训前平均分", "pre_mean")),
        "post_mean_milli": Column("decimal", label=Text("培训后均分", "Mean after"), low=0,
                                  headers=("培训后均分", "训后平均分", "post_mean")),
    },
    key=("community", "training_id"),
    identity=("held_on",),
    dated_by="held_on",
)

SEGMENTS = (
    Segment("training_kind", Text("培训类型", "Kind of training"), TRAINING_KINDS),
    Segment("training_topic", Text("培训主题", "Topic of training")),
)

_BOTH = Text("两数都登记的才计；前者多于后者的记录自相矛盾，不计。", "Only where both are recorded; a record with more of the first than of the second contradicts itself and is left out.")

KPIS = (
    Kpi(
        id="training_summary", label=Text("员工培训场次", "Training sessions"),
        top=Text("当期开展的培训和考核（取消的除外）", "training sessions and assessments held in the period, cancelled ones left out"),
        bottom=Text("无（数量）", "none (a count)"),
        table="training", numerator="held", kind="count", unit=Text("场", "sessions"), scale=1, dated_by="held_on",
        by="training_kind", source="S0:87; S1:16",
    ),
    Kpi(
        id="training_hours", label=Text("培训课时", "Training hours"),
        top=Text("当期各场培训的课时", "hours of the sessions held in the period"), bottom=Text("无（数量）", "none (a count)"),
        table="training", numerator="session_milli", kind="count", unit=Text("小时", "hours"), scale=0.001,
        dated_by="recorded_on", by="training_kind", source="S0:87; S4:108",
        note=Text("每场的课时，不乘人数；没有登记课时的不计。", "Hours of a session, not times its people; sessions without hours are left out."),
    ),
    Kpi(
        id="training_attendance_rate", label=Text("培训到课率", "Training attendance"),
        top=Text("实到人次", "people who attended"), bottom=Text("当期各场应到人次", "people expected at the sessions of the period"),
        table="training", numerator="present", denominator="due", better="up", dated_by="held_on", by="department",
        source="S0:87", note=_BOTH,
    ),
    Kpi(
        id="training_effect", label=Text("培训考核合格率", "Tests passed"),
        top=Text("合格人次", "people who passed"), bottom=Text("当期参加考核的人次", "people tested in the period"),
        table="training", numerator="passed_ok", denominator="tested_ok", better="up", dated_by="held_on",
        by="training_topic", source="S0:87", note=_BOTH,
    ),
    Kpi(
        id="skill_growth", label=Text("培训前后提分", "Gain from training"),
        top=Text("（培训后均分－培训前均分）乘以考核人数之和", "sum of (mean after − mean before) times people tested"),
        bottom=Text("满分乘以考核人数之和，折成百分制", "sum of full marks times people tested, on a scale of 100"),
        table="training", numerator="gained_milli", denominator="marks_milli", kind="money", unit=Text("分（百分制）", "points of 100"),
        better="up", dated_by="held_on", by="training_topic", explained=True, source="S1:29",
        note=Text("只计训前、训后均分和满分都登记的培训；只有均分而无逐人成绩，因此没有区间；题目更易也会提分。",
                  "Only trainings with both means and full marks; there are means but no single scores, hence no interval; easier questions raise it too."),
    ),
    Kpi(
        id="skill_gaps", label=Text("考核不合格率", "Tests failed"),
        top=Text("未合格人次", "people who failed"), bottom=Text("当期参加考核的人次，按主题", "people tested in the period, by topic"),
        table="training", numerator="failed", denominator="tested_ok", better="down", dated_by="held_on",
        by="training_topic", explained=True, source="S1:43", note=_BOTH,
    ),
    Kpi(
        id="skill_assessment_pass_rate", label=Text("秩序员技能考核合格率", "Guards' skill tests passed"),
        top=Text("合格人次", "guards who passed"), bottom=Text("当期参加考核的秩序（安保）部门人次", "guards tested in the period"),
        table="training", numerator="guards_passed", denominator="guards_tested", better="up", dated_by="held_on",
        source="S4:36", note=Text("部门名称含秩序、安保、保安等字样；" + _BOTH.zh, "The department's name says that it guards. " + _BOTH.en),
    ),
)
# fmt: on


def derive(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the columns that the KPIs name to the training records.

    `person_milli` (thousandths of person-hours) is for the hours per head of `staff_month`.
    """
    held = rows["status"] != "cancelled"
    coherent = held & (rows["attended"] <= rows["expected"]).fillna(False).astype(bool)
    judged = held & (rows["passed"] <= rows["tested"]).fillna(False).astype(bool)
    guarding = judged & guards(rows["department"]).fillna(False).astype(bool)
    passed, tested = rows["passed"].where(judged), rows["tested"].where(judged)
    gained = (rows["post_mean_milli"] - rows["pre_mean_milli"]) * rows["tested"]
    return rows.assign(
        recorded_on=rows["held_on"],
        held=only(held, held).astype("Int64"),
        session_milli=rows["hours_milli"].where(held),
        person_milli=(rows["hours_milli"] * rows["attended"]).where(held),
        present=rows["attended"].where(coherent),
        due=rows["expected"].where(coherent),
        passed_ok=passed,
        tested_ok=tested,
        failed=tested - passed,
        guards_passed=passed.where(guarding),
        guards_tested=tested.where(guarding),
        gained_milli=gained.where(held & _on_scale(rows)),
        marks_milli=rows["full_marks"] * rows["tested"] * 1000,
    )


def _on_scale(rows: pd.DataFrame) -> pd.Series:
    """Say whether both means are within full marks."""
    top = rows["full_marks"] * 1000
    within = (rows["pre_mean_milli"] <= top) & (rows["post_mean_milli"] <= top)
    return within.fillna(False).astype(bool)
