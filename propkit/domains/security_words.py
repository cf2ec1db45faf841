"""The words of order and safety: the choices of its tables.  Literal values only."""

from __future__ import annotations

from propkit.text import Text

HAZARD_KINDS = {
    "fire_safety": Text("消防", "Fire safety"),
    "facility": Text("设施", "Facilities"),
    "security": Text("治安", "Public order"),
    "other": Text("其他", "Other"),
}
HAZARD_LEVELS = {
    "general": Text("一般", "Ordinary"),
    "serious": Text("较大", "Serious"),
    "major": Text("重大", "Major"),
}
HAZARD_SOURCES = {
    "patrol": Text("巡逻", "Patrol"),
    "inspection": Text("检查", "Inspection"),
    "owner": Text("业主", "Owner"),
    "other": Text("其他", "Other"),
}
HAZARD_STATUSES = {
    "open": Text("待整改", "Open"),
    "rectified": Text("已整改", "Rectified"),
    "verified": Text("已验收", "Verified"),
    "void": Text("已作废", "Void"),
}
INCIDENT_KINDS = {
    "security": Text("治安", "Public order"),
    "fire": Text("火灾", "Fire"),
    "equipment": Text("设备故障", "Equipment failure"),
    "dispute": Text("业主纠纷", "Resident dispute"),
    "falling_object": Text("高空抛物", "Objects thrown from height"),
    "illegal_building": Text("私搭乱建", "Unauthorised building"),
    "traffic": Text("交通事故", "Traffic accident"),
    "medical": Text("医疗急救", "Medical emergency"),
    "weather": Text("自然灾害", "Natural disaster"),
    "other": Text("其他", "Other"),
}
INCIDENT_LEVELS = {
    "general": Text("一般", "Ordinary"),
    "serious": Text("较大", "Serious"),
    "major": Text("重大", "Major"),
    "extreme": Text("特别重大", "Extremely major"),
}
GRAVE = ("major", "extreme")
"""The levels that count as a major incident."""
DRILL_KINDS = {
    "fire": Text("消防", "Fire"),
    "evacuation": Text("疏散", "Evacuation"),
    "security": Text("治安防暴", "Public order"),
    "lift": Text("电梯困人", "Lift entrapment"),
    "flood": Text("防汛", "Flood"),
    "power": Text("停电", "Power cut"),
    "medical": Text("医疗急救", "Medical emergency"),
    "other": Text("其他", "Other"),
}
PLAN_CHANGES = {
    "new": Text("新增", "New"),
    "revised": Text("修订", "Revised"),
}
REGISTERS = {
    "incident": Text("突发事件", "Incident"),
    "hazard": Text("隐患", "Hazard"),
}
