"""The items that are told of other figures: their descriptions, and the figures that stand under each of their headings."""

from __future__ import annotations

from collections.abc import Mapping

from propkit.model import Column, Reading
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
_KPI = Column("id", label=Text("指标", "Figure"))
_STATE = Column("id", label=Text("状态", "State"))
_HEADING = Column("text", label=Text("方面", "Heading"))
_VERDICT = Column("id", label=Text("判断", "Verdict"))
_SAID = Column("text", label=Text("发现", "Finding"))
_VALUE = Column("decimal", label=Text("数值", "Value"))
_FIGURE = {
    "kpi": _KPI,
    "n": Column("whole", label=Text("样本", "Cases")),
    "num": Column("whole", label=Text("分子", "Numerator")),
    "den": Column("whole", label=Text("分母", "Denominator")),
    "value_milli": _VALUE,
    "state": _STATE,
}
_KINDS = {"target": Text("目标", "Target"), "change": Text("变化", "Change"), "signal": Text("异常月份", "Month outside its range"),
          "segment": Text("分组差别", "Group"), "count": Text("数量", "Number")}
_RULES = {"outside_limits": Text("超出正常波动", "Outside its ordinary range"), "list_not_empty": Text("清单应为空", "A list that should be empty")}
_CLAIM = {"kpi": _KPI, "kind": Column("choice", label=Text("种类", "Kind"), choices=_KINDS), "verdict": _VERDICT,
          "n": Column("whole", label=Text("样本", "Cases")), "said": _SAID}
_CHANGE = {
    "kpi": _KPI,
    "num_before": Column("whole", label=Text("前·分子", "Before: numerator")),
    "den_before": Column("whole", label=Text("前·分母", "Before: denominator")),
    "num_after": Column("whole", label=Text("后·分子", "After: numerator")),
    "den_after": Column("whole", label=Text("后·分母", "After: denominator")),
    "change_milli": Column("decimal", label=Text("变化（百分点）", "Change (points)")),
    "verdict": _VERDICT,
}


REACH = {
    "safe": Text("照旧即可守住", "kept if nothing changes"),
    "within": Text("照旧也可能达到", "may be reached if nothing changes"),
    "beyond": Text("不改变做法达不到", "out of reach unless something changes"),
}


def _item(name: str, zh: str, en: str, top: tuple[str, str], columns: Mapping[str, Column], source: str, **more: object) -> Reading:
    return Reading(id=name, label=Text(zh, en), tables=(), top=Text(*top), columns=columns, source=source, **more)


OVERVIEWS = (
    _item("report_period", "总结时间范围", "Period of the report", ("期间的天数与数据截止日", "days of the period, and the data cut-off"),
          {"period": Column("id", label=Text("期间", "Period")), "as_of": Column("day", label=Text("数据截止", "Data up to")),
           "days": Column("whole", label=Text("天数", "Days"))}, "S0:37; S4:28", headline=("sum", "days"), unit=Text("天", "days")),
    _item("report_scope", "服务范围", "Scope of the report", ("小区的数据表及各表行数", "tables of the community and their rows"),
          {"table": Column("id", label=Text("数据表", "Table")), "rows": Column("whole", label=Text("行数", "Rows")), "state": _STATE},
          "S0:37", unit=Text("张表", "tables")),
    _item("numbers_first", "数据说话", "Numbers first", ("本期每个指标的数值、样本与状态", "every figure of the period with n and state"),
          _FIGURE, "S4:108; S0:40"),
    _item("charts", "图表", "Charts", ("可画成逐月走势的指标", "figures with months enough for a chart"),
          {"kpi": _KPI, "months": Column("whole", label=Text("月数", "Months"))}, "S4:112"),
    _item("layout", "排版", "Layout", ("本期有数据的服务方面", "rooms of the service that have figures in the period"),
          {"room": Column("id", label=Text("方面", "Room")), "figures": Column("whole", label=Text("指标数", "Figures"))}, "S4:114-118"),
    _item("internal_edition", "内部版", "Internal edition", ("内部版显示的指标", "figures that the internal edition shows"),
          {"kpi": _KPI, "state": _STATE}, "S0:98"),
    _item("owner_edition", "业主公开版", "Owners' edition", ("业主版隐去的意见类指标", "opinions that the owners' edition hides"),
          {"kpi": _KPI, "state": _STATE}, "S0:99", explained=True),
    _item("target_attainment", "目标达成情况", "Target attainment", ("有目标的指标及其判定", "figures with a target, and the verdict"),
          {**_FIGURE, "target_milli": Column("decimal", label=Text("目标", "Target")),
           "settings_milli": Column("decimal", label=Text("propkit.toml 中不同的目标", "Other target in propkit.toml")), "verdict": _VERDICT}, "S1:21"),
    _item("period_change", "同比变化", "Change from a year before",
          ("与上年同期相比，须过两道检验", "against the same time last year, by both locks"), _CHANGE, "S1:20"),
    _item("highlights", "亮点与高光时刻", "Highlights", ("达标的目标与明显的改善", "targets attained and clear improvements"),
          _CLAIM, "S0:46; S1:17", explained=True),
    _item("achievement_summary", "成绩总览", "Achievements", ("明显改善的指标、活动与已完成的措施",
          "figures up beyond noise, activities, and actions done"), _CLAIM, "S0:22"),
    _item("issue_list", "问题与不足", "Problems", ("未达标的目标、变差的指标与异常月份", "targets missed, figures down, months outside their range"),
          _CLAIM, "S0:43; S1:32; S4:76", explained=True),
    _item("early_warning", "预警机制", "Early warnings", ("逐条规则是否触发", "each rule, and whether it fired"),
          {"rule": Column("choice", label=Text("规则", "Rule"), choices=_RULES), "kpi": _KPI, "fired": Column("flag", label=Text("触发", "Fired")), "said": _SAID},
          "S1:50; S3:47", headline=("sum", "fired")),
    _item("measure_effects", "措施前后的指标", "Figures before and after measures", ("近六个月完成的改进措施：提出前三个月与完成后各月的指标，须过两道检验",
          "measures done in the last six months: their figure in the three months before and in the months after, by both locks"),
          {"action_id": Column("id", label=Text("编号", "Id")), "plan": Column("text", label=Text("措施", "Measure")), "kpi": _KPI,
           "done_on": Column("day", label=Text("完成", "Done")), **{name: column for name, column in _CHANGE.items() if name != "kpi"}},
          "S0:100; S1:53; S3:48; S4:88", note=Text(
              "提出的那个月不计；逐月上升的指标与调查指标不作比较。指标变好不等于由措施引起。",
              "The month of raising is left out; figures that go on rising and those of surveys are not compared. A figure that got better did not by that get better through the measure.")),
    _item("missed_without_measure", "未达标而没有措施的指标", "Missed targets without a measure", ("未达标、又没有未了结措施的指标",
          "targets missed whose figure no unfinished measure names"),
          {**_FIGURE, "target_milli": Column("decimal", label=Text("目标", "Target"))},
          "S0:100; S1:53; S3:48; S4:88"),
    _item("target_proposals", "目标能否判定、下期大致范围", "What targets can show, and what to expect", ("若一切照旧，下一期的范围；以及这样多的样本能看出的最小变化",
          "the range of the next period if nothing changes, and the smallest change that so many cases can show"),
          {"kpi": _KPI, "n": _FIGURE["n"], "target_milli": Column("decimal", label=Text("目标", "Target")),
           "low_milli": Column("decimal", label=Text("下期下限", "Next: low")), "high_milli": Column("decimal", label=Text("下期上限", "Next: high")),
           "reach": Column("choice", label=Text("能否达到", "Target is"), choices=REACH),
           "detectable_milli": Column("decimal", label=Text("能看出的变化（个百分点）", "Change that shows (points)"))},
          "S0:49; S1:53; S4:96", note=Text(
              "范围按贝塔-二项分布（Jeffreys 先验，95%）；能看出的变化指检验功效 80% 时。",
              "Range: beta-binomial with the Jeffreys prior, 95 %; the change that shows has a power of 80 %.")),
    _item("trend_forecast", "趋势预测", "Forecast", ("24 个月以上的指标，下月同比外推及区间",
          "figures with 24 months or more: next month by the same month last year, with its range"),
          {"kpi": _KPI, "months": Column("whole", label=Text("月数", "Months")), "mean_milli": _VALUE,
           "low_milli": Column("decimal", label=Text("下限", "Low")), "high_milli": Column("decimal", label=Text("上限", "High"))}, "S0:25"),
    _item("satisfaction_change_pp", "满意度变化", "Change of satisfaction", ("两次调查之差；题目、量表或方式不同则不可比",
          "difference of two waves; not comparable when item, scale or mode differ"), _CHANGE, "S1:20", headline=("sum", "change_milli"),
          unit=Text("个百分点", "points"), scale=0.001),
    _item("complaint_rate_change", "投诉率变化", "Change of the complaint rate", ("与上年同期（整顿报告为整顿前）相比，每千户投诉数之比（精确检验）",
          "complaints per 1,000 homes against the same time last year, in a rectification against the months before it (exact ratio)"), _CHANGE, "S3:108"),
    _item("core_functions", "五项核心职能", "Five core functions", ("各职能的指标，没有的写明无数据", "figures of each function; absent ones say so"),
          {"heading": _HEADING, **_FIGURE}, "S4:10-18"),
    _item("problem_catalogue", "问题（六项）", "Six problem headings", ("各项的指标", "the figures of each heading"),
          {"heading": _HEADING, **_FIGURE}, "S4:79-84", explained=True),
    _item("problem_inventory", "问题清单（六类）", "Problem inventory", ("整顿前基期的指标", "figures of the months before the rectification"),
          {"heading": _HEADING, **_FIGURE}, "S3:15-20", explained=True),
    _item("rectification_background", "整顿背景", "Background of the rectification", ("整顿前逐月的满意度与投诉率",
          "satisfaction and complaints by month before the rectification"),
          {"period": Column("id", label=Text("月份", "Month")), **_FIGURE}, "S3:12", explained=True),
    _item("before_after", "整顿前后对比", "Before and after", ("整顿前后等长的月份，须过两道检验",
          "months of equal number before and after, by both locks"), _CHANGE, "S3:105-112; S4:112"),
    _item("environment_order_results", "环境与秩序", "Environment and order", ("保洁、绿化、停车、安保的前后对比",
          "cleaning, greening, parking and patrols before and after"), _CHANGE, "S3:109"),
    _item("financial_health", "财务健康", "Financial health", ("收缴率等的前后对比", "collection and related figures before and after"), _CHANGE, "S3:110"),
    _item("kpi_linked_pay", "绩效考核体系", "Figures linked to pay", ("各部门的满意度、及时率与解决率",
          "satisfaction, timeliness and resolution by department"),
          {"department": Column("text", label=Text("部门", "Department")), **_FIGURE}, "S3:37", explained=True),
)
"""Items that are told of other figures; none has a table of its own."""

FUNCTIONS = {
    Text("安全防范", "Protection"): ("patrol_completion_rate", "patrol_coverage_rate", "hazard_rectification_rate"),
    Text("秩序维护", "Public order"): ("parking_violations", "public_area_order", "renovation_control"),
    Text("应急处置", "Emergencies"): ("drill_count", "incident_count_by_type", "incident_outcome"),
    Text("消防安全", "Fire safety"): ("fire_passage_check", "safety_inspection_count"),
    Text("客户服务", "Service to owners"): ("help_request_timeliness", "guard_services", "appearance_discipline"),
}
CATALOGUE = {
    Text("专业技能", "Skills"): ("skill_assessment_pass_rate",),
    Text("服务意识", "Attitude to service"): ("appearance_discipline", "help_request_timeliness"),
    Text("智能化", "Technology"): ("security_equipment_availability", "smart_parking_effect"),
    Text("制度执行力", "Keeping to the rules"): ("patrol_completion_rate", "hazard_on_time_rate"),
    Text("沟通协作", "Working together"): ("external_liaison", "promise_kept_rate"),
    Text("人员流失", "Staff turnover"): ("staff_turnover_rate",),
}
INVENTORY = {
    Text("服务质量低下", "Poor service"): ("repairs_on_time_rate", "complaint_on_time_rate", "cleaning_pass_rate"),
    Text("财务不透明", "Opaque finances"): ("fee_collection_rate_current", "budget_variance"),
    Text("沟通机制缺失", "No communication"): ("promise_kept_rate", "owner_meetings"),
    Text("管理团队僵化", "Rigid team"): ("staff_turnover_rate", "training_summary"),
    Text("设施设备老化", "Ageing equipment"): ("facility_serviceability_rate", "equipment_failure_rate"),
    Text("违规现象频发", "Violations"): ("rule_violation_counts", "parking_violations"),
}
ENVIRONMENT = ("cleaning_pass_rate", "greening_condition", "parking_violations", "patrol_completion_rate")
FINANCES = ("fee_collection_rate_current", "fee_collection_rate_households", "arrears_recovery_rate")
RESTS_ON = {"satisfaction_change_pp": ("owner_satisfaction",), "complaint_rate_change": ("complaints_per_1000_homes",)}
"""The figures without which an overview says nothing."""
AROUND = ("before_after", "environment_order_results", "financial_health", "problem_inventory", "rectification_background")
"""What is told around the start of a rectification, and of no other community."""
AIMED = ("target_proposals",)
"""What is told of shares with a target alone: without one it is no data that are missing."""
PAY = ("complaint_satisfaction", "complaint_on_time_rate", "issue_resolution_rate")
# fmt: on
