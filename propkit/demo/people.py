"""Staff in the demo: who came, who left, what they were taught; nobody here exists, and only numbers name them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends
from propkit.demo.engagement import RECTIFIED
from propkit.demo.estates import AS_OF, ESTATES, MONTHS, Estate, Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

_POSTS = {
    "yinhe": {("秩序部", "班长"): 2, ("秩序部", "秩序员"): 14, ("客服部", "管家"): 7, ("工程部", "维修工"): 6, ("环境部", "保洁员"): 12},
    "cuihu": {("秩序部", "班长"): 4, ("秩序部", "秩序员"): 24, ("客服部", "管家"): 12, ("工程部", "维修工"): 10, ("环境部", "保洁员"): 22},
    "lanting": {("秩序部", "班长"): 1, ("秩序部", "秩序员"): 5, ("客服部", "管家"): 3, ("工程部", "维修工"): 2, ("环境部", "保洁员"): 4},
}  # fmt: skip
_OUTSOURCED = {("yinhe", "环境部"): 1.0, ("cuihu", "秩序部"): 0.25}
"""The share of a department that works for another company."""
_AGES = {
    "秩序部": {"18-29": 30, "30-39": 30, "40-49": 25, "50-59": 15},
    "客服部": {"18-29": 45, "30-39": 40, "40-49": 15},
    "工程部": {"30-39": 30, "40-49": 40, "50-59": 30},
    "环境部": {"40-49": 25, "50-59": 50, "60+": 25},
}
_LEAVING = {"秩序部": 0.035, "客服部": 0.02, "工程部": 0.012, "环境部": 0.022}
"""The chance to leave in a month."""
_REASONS = {"voluntary": 62, "contract_end": 14, "transfer": 10, "retired": 8, "involuntary": 6}
_TOPICS = {
    "秩序部": ("消防器材使用", "秩序巡逻规范", "突发事件处置"),
    "客服部": ("服务礼仪", "投诉沟通技巧"),
    "工程部": ("电梯困人救援", "用电安全"),
    "环境部": ("保洁作业标准", "垃圾分类"),
}
_MONTHLY_STAR = timedelta(days=27)
"""The 28th, on which each month's star is named: by it the record of events reaches to the end of every month."""
_EVENTS = {"recognition": 0.018, "discipline": 0.010, "promotion": 0.004, "rotation": 0.004}
"""The chance of each event for one person in a month."""
_BEGUN = datetime(2024, 6, 1)
"""Since then those who leave stay in the roster."""


@dataclass
class _Team:
    """One community's staff as it comes and goes, by one stream of chance."""

    estate: Estate
    chance: Chance
    prefix: str
    hired: int = 0

    def stays(self) -> list[Row]:
        """Return every stay, in the order in which people were numbered."""
        return [
            stay
            for (department, post), places in _POSTS[self.estate.id].items()
            for _ in range(places)
            for stay in self._place(department, post)
        ]

    def _place(self, department: str, post: str) -> Iterator[Row]:
        """Yield those who held one place, one after the other."""
        chance = self.chance
        start = _BEGUN - timedelta(days=chance.between(20, 1500))
        while start <= AS_OF:
            end, reason = self._end(department, max(start, _BEGUN))
            yield self._stay(department, post, start, end, reason)
            if end is None:
                return
            start = end + timedelta(days=chance.between(3, 35))

    def _end(self, department: str, since: datetime) -> tuple[datetime | None, str | None]:
        """Return when and why somebody who was there at `since` left, if so."""
        chance, month = self.chance, since.replace(day=1)
        while month <= AS_OF:
            name = f"{month:%Y-%m}"
            purge = name in ("2025-04", "2025-05") and self.estate.id in RECTIFIED
            if purge and chance.yes(0.09):
                return self._day(since, month), "involuntary"
            if chance.yes(_LEAVING[department]):
                return self._day(since, month), chance.pick(_REASONS)
            month = month_ends(name)[1] + timedelta(days=1)
        return None, None

    def _day(self, since: datetime, month: datetime) -> datetime:
        day = month + timedelta(days=self.chance.between(0, 27))
        return min(max(day, since + timedelta(days=1)), AS_OF.replace(hour=0, minute=0, second=0))

    def _stay(self, department: str, post: str, start: datetime, end: datetime | None, reason: str | None) -> Row:
        chance = self.chance
        self.hired += 1
        shift = start + timedelta(days=chance.between(2, 6)) if start >= _BEGUN else None
        shift = shift if shift and shift <= AS_OF and (end is None or shift < end) else None
        late = timedelta(days=chance.pick({-1: 80, 0: 6, 3: 14}))
        trained = shift + late if shift and chance.yes(0.96) else None
        return {
            "community": self.estate.id,
            "staff_id": f"{self.prefix}{self.hired:04}",
            "department": department,
            "post": post,
            "hired_on": start,
            "trained_on": trained if trained and trained <= AS_OF else None,
            "first_shift_on": shift,
            "left_on": end,
            "leave_reason": reason,
            "certified": chance.yes(0.8 if department in ("秩序部", "工程部") else 0.45) if chance.yes(0.95) else None,
            "age_band": chance.pick(_AGES[department]),
            "outsourced": chance.yes(_OUTSOURCED.get((self.estate.id, department), 0)),
        }


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    found: dict[str, list[Row]] = {"staff": [], "staff_event": [], "staff_quota": [], "training": []}
    for estate in ESTATES:
        chance = Chance(seed, f"people/{estate.id}")
        staff = _Team(estate, chance, {"yinhe": "YH", "cuihu": "CH", "lanting": "LT"}[estate.id]).stays()
        found["staff"] += staff
        found["training"] += _training(estate, staff, chance)
        if estate.id != "lanting":  # the small community writes down neither events nor posts
            found["staff_event"] += _events(estate, staff, chance)
            found["staff_quota"] += _quota(estate)
    return found


def _there(staff: Sequence[Row], day: datetime, department: str | None = None) -> list[Row]:
    return [
        row
        for row in staff
        if row["hired_on"] < day and (row["left_on"] is None or row["left_on"] >= day)
        if department in (None, row["department"])
    ]


def _events(estate: Estate, staff: Sequence[Row], chance: Chance) -> list[Row]:
    found: dict[tuple, Row] = {}
    for month in MONTHS:
        first = month_ends(month)[0]
        everyone = _there(staff, first)
        reviewed = month in ("2024-12", "2025-06") or month == RECTIFIED.get(estate.id)
        for row in everyone:
            told = [kind for kind, often in _EVENTS.items() if chance.yes(often)]
            for kind in [*told, *(["assessment"] if reviewed and chance.yes(0.9) else [])]:
                day = first + timedelta(days=chance.between(0, 27))
                if row["left_on"] is None or day < row["left_on"]:
                    found[row["staff_id"], kind, day] = {
                        "community": estate.id,
                        "staff_id": row["staff_id"],
                        "staff_event_kind": kind,
                        "happened_on": day,
                        "department": row["department"],
                    }
        best = everyone[MONTHS.index(month) % len(everyone)]
        if best["left_on"] is None or _MONTHLY_STAR + first < best["left_on"]:
            found[best["staff_id"], "recognition", first + _MONTHLY_STAR] = {
                "community": estate.id,
                "staff_id": best["staff_id"],
                "staff_event_kind": "recognition",
                "happened_on": first + _MONTHLY_STAR,
                "department": best["department"],
            }
    return sorted(found.values(), key=lambda row: (row["happened_on"], row["staff_id"], row["staff_event_kind"]))


def _quota(estate: Estate) -> list[Row]:
    """Return the posts since the beginning, and four more guards where a community is being put right."""
    begun = [_posts(estate, *names, "2024-01-01", places) for names, places in _POSTS[estate.id].items()]
    if estate.id not in RECTIFIED:
        return begun
    more = _POSTS[estate.id]["秩序部", "秩序员"] + 4
    return [*begun, _posts(estate, "秩序部", "秩序员", f"{RECTIFIED[estate.id]}-01", more)]


def _posts(estate: Estate, department: str, post: str, since: str, quota: int) -> Row:
    head = {"community": estate.id, "department": department, "post": post}
    return head | {"valid_from": datetime.fromisoformat(since), "quota": quota}


def _training(estate: Estate, staff: Sequence[Row], chance: Chance) -> list[Row]:
    found = []
    for at, month in enumerate(MONTHS):
        first = month_ends(month)[0]
        rectified = month >= RECTIFIED.get(estate.id, "9999")
        for place, department in enumerate(_TOPICS):
            often = (0.5 if estate.id != "lanting" else 0.15) * (2.5 if rectified else 1)
            for _ in range(chance.count(often) + (at % len(_TOPICS) == place)):  # some department's turn every month
                day = first + timedelta(days=chance.between(1, 26))
                found.append(_course(day, department, len(_there(staff, day, department)), rectified, chance))
        if month in ("2024-12", "2025-06"):
            day = first + timedelta(days=chance.between(1, 20))
            found.append(_course(day, None, len(_there(staff, day)), rectified, chance))
    found.sort(key=lambda row: row["held_on"])
    head = {"yinhe": "YP", "cuihu": "CP", "lanting": "LP"}[estate.id]
    return [{"community": estate.id, "training_id": f"{head}{row['held_on']:%Y%m}{number:03}"} | row
            for number, row in enumerate(found, 1)]  # fmt: skip


def _course(day: datetime, department: str | None, people: int, rectified: bool, chance: Chance) -> Row:
    """Return one session: a course with or without a test, sometimes tested before it as well."""
    held = chance.yes(0.96)
    kind = chance.pick({"in_service": 70, "assessment": 20, "onboarding": 10})
    came = sum(chance.yes(0.93 if rectified else 0.86) for _ in range(people))
    tested = came if kind == "assessment" or chance.yes(0.5) else None
    level = 0.9 if rectified else 0.82
    before = 58 + 5 * chance.normal()
    gain = (11 if rectified else 7) + 3 * chance.normal()
    twice = tested is not None and chance.yes(0.6)
    return {
        "training_kind": kind,
        "training_topic": chance.one(_TOPICS[department]) if department else "服务意识",
        "status": "held" if held else "cancelled",
        "held_on": day,
        "hours_milli": chance.one((1_000, 1_500, 2_000, 3_000)),
        "department": department,
        "expected": people,
        "attended": came if held else None,
        "tested": tested if held else None,
        "passed": sum(chance.yes(level) for _ in range(tested)) if held and tested is not None else None,
        "full_marks": 100 if held and tested is not None else None,
        "pre_mean_milli": round(before * 10) * 100 if held and twice else None,
        "post_mean_milli": round(min(before + gain, 100) * 10) * 100 if held and twice else None,
    }


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "staff", "yinhe", "yinhe/人员花名册_20251008.xlsx",
        fields("工号=staff_id 部门=department 岗位=post 入职日期=hired_on 岗前培训日期=trained_on 首次上岗日期=first_shift_on "
               "离职日期=left_on 离职原因=leave_reason 是否持证=certified 年龄段=age_band 是否外包=outsourced"),
        "人员花名册（含离职人员）：工号在读取时加密", preset="plain", known=("*",), title="银河湾人员花名册（虚构数据）",
    ),
    Layout(
        "staff", "cuihu", "cuihu/员工台账_20251008.csv",
        fields("员工编号=staff_id 所属部门=department 职务=post 入职时间=hired_on 岗前培训完成日期=trained_on 上岗日期=first_shift_on "
               "离职时间=left_on 离职类型=leave_reason 持证=certified 年龄段=age_band 外包=outsourced"),
        "员工台账（含离职人员）：离职类型用自己的叫法", preset="plain", known=("*",), encoding="gb18030", dates="slash",
        codes={"leave_reason": {"voluntary": "辞职", "involuntary": "淘汰"}},
    ),
    Layout(
        "staff", "lanting", "lanting/人员名册_20251008.csv",
        fields("人员编号=staff_id 部门=department 岗位=post 到岗日期=hired_on 首次上岗日期=first_shift_on 岗前培训日期=trained_on "
               "离岗日期=left_on 离职原因=leave_reason 持证上岗=certified 年龄段=age_band"),
        "人员名册（含离职人员）：没有外包一列", preset="plain", known=("*",), encoding="utf-8-sig", dates="hanzi",
    ),
    Layout(
        "staff_event", "yinhe", "yinhe/人员异动_20251008.csv",
        fields("工号=staff_id 部门=department 异动类型=staff_event_kind 发生日期=happened_on"),
        "人员异动：晋升、轮岗、表彰、违纪、考核", preset="plain", known=("*",),
    ),
    Layout(
        "staff_event", "cuihu", "cuihu/奖惩异动_20251008.csv",
        fields("员工编号=staff_id 类型=staff_event_kind 生效日期=happened_on"),
        "奖惩异动：没有部门，由花名册补上；考核评估写作「考评」", preset="plain", known=("*",), encoding="gb18030", dates="dot",
        codes={"staff_event_kind": {"assessment": "考评", "discipline": "处分"}},
    ),
    Layout(
        "staff_quota", "yinhe", "yinhe/岗位编制_20251008.csv",
        fields("部门=department 岗位=post 生效日期=valid_from 编制人数=quota"), "岗位编制", preset="plain", known=("*",),
    ),
    Layout(
        "staff_quota", "cuihu", "cuihu/定编_20251008.csv",
        fields("所属部门=department 职务=post 执行日期=valid_from 定编人数=quota"),
        "定编：2025 年 4 月起增加四个秩序员岗位", preset="plain", known=("*",), encoding="gb18030", dates="slash",
    ),
    Layout(
        "training", "yinhe", "yinhe/培训记录_20251008.xlsx",
        fields("培训编号=training_id 培训类型=training_kind 培训主题=training_topic 状态=status 培训日期=held_on 课时=hours_milli "
               "部门=department 应到人数=expected 实到人数=attended 考核人数=tested 合格人数=passed 满分=full_marks "
               "培训前均分=pre_mean_milli 培训后均分=post_mean_milli"),
        "培训记录", preset="plain", known=("*",),
    ),
    Layout(
        "training", "cuihu", "cuihu/培训台账_20251008.csv",
        fields("编号=training_id 培训类别=training_kind 课程=training_topic 状态=status 日期=held_on 学时=hours_milli "
               "参训部门=department 应参训人数=expected 参训人数=attended 参考人数=tested 通过人数=passed 试卷满分=full_marks "
               "训前平均分=pre_mean_milli 训后平均分=post_mean_milli"),
        "培训台账：GB18030 编码", preset="plain", known=("*",), encoding="gb18030", dates="slash",
    ),
    Layout(
        "training", "lanting", "lanting/培训_20251008.csv",
        fields("培训编号=training_id 类型=training_kind 主题=training_topic 状态=status 培训时间=held_on 培训课时=hours_milli "
               "培训部门=department 应到=expected 实到=attended 考核人数=tested 通过人数=passed 满分=full_marks"),
        "培训：没有训前训后成绩", preset="plain", known=("*",), encoding="utf-8-sig",
    ),
)  # fmt: skip
