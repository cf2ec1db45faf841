"""Bands in which figures of housing services usually lie: outside them a definition or an export is the first suspect.

Not targets, and no rule: they come from published figures of landlords, tenders and surveys (see each band's source).
"""

from __future__ import annotations

from dataclasses import dataclass

from propkit.text import Text


@dataclass(frozen=True, slots=True)
class Band:
    """Where a KPI usually lies, in the reader's unit, and what that rests on."""

    kpi: str
    low: float
    high: float
    source: Text


# fmt: off
BANDS = (
    Band("first_time_fix_rate", 40, 98, Text("设计不良不足 40%，设计良好约 95%；苏格兰平均 88%", "badly designed under 40 %, well designed about 95 %; Scottish average 88 %")),
    Band("repairs_on_time_rate", 50, 99.9, Text("招标承诺 98–100%，实测很少持续满分", "tenders promise 98-100 %; a lasting 100 % is seldom real")),
    Band("repair_satisfaction", 50, 98, Text("英国中位数 74%，苏格兰 89%；95% 以上曾掩盖问题", "medians 74 % and 89 %; 95 % and more has hidden trouble before")),
    Band("complaint_satisfaction", 15, 90, Text("英国投诉处理满意中位数 36%", "median satisfaction with complaint handling 36 %")),
    Band("owner_satisfaction", 40, 95, Text("36 城调查平均 62.6 分；招标承诺 90–95%", "36 cities: 62.6 points on average; tenders promise 90-95 %")),
    Band("complaints_per_1000_homes", 0.5, 20, Text("某市政住房每年 50 件／千户，即每月约 4 件", "one council: 50 a year per 1,000 homes, about 4 a month")),
    Band("fee_collection_rate_current", 40, 100, Text("当期收缴率不会超过 100%", "the current rate cannot exceed 100 %")),
    Band("cleaning_pass_rate", 60, 99.9, Text("招标承诺 98–99%", "tenders promise 98-99 %")),
    Band("facility_serviceability_rate", 80, 100, Text("设施完好率常见标准 96–98%", "usual standard 96-98 %")),
    Band("survey_response_rate", 5, 95, Text("回收率 100% 多为代填", "a response rate of 100 % is usually filled in by others")),
)
# fmt: on

SWING_POINTS = 40
"""A share that moves so far from one month to the next moved with its definition or its system (70.6 -> 29.0 -> 80.2 has been published)."""
FEWEST = 30
"""Months with fewer cases say nothing of a definition."""
