"""Areas and inspections of the three communities.  Everything here is made up.

翠湖花园 is under rectification from April 2025: it inspects as planned and passes more often from then on, while the other
two stay level.  Leaves fall in October and November, mosquitoes are fought from June to September.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from propkit.demo import facilities
from propkit.demo.chance import Chance, month_ends
from propkit.demo.estates import AS_OF, ESTATES, MONTHS, Estate, Home
from propkit.demo.facilities import RECTIFIED
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

FIRST_MONDAY = datetime(2024, 9, 2)
_WEEKS = 58
_SIZE = {"yinhe": 1.0, "cuihu": 1.5, "lanting": 0.4}
_SERIES = {"yinhe": "YH", "cuihu": "CH", "lanting": "LT"}


@dataclass(frozen=True)
class Ground:
    """A kind of area: its size in m2, how often a week it is attended to, and the items looked at."""

    domain: str
    area_type: str
    size: int
    weekly: int
    items: tuple[str, ...]
    is_key: bool = False


GROUNDS = (
    Ground("cleaning", "大堂", 420, 2, ("地面清洁", "玻璃门窗"), True),
    Ground("cleaning", "电梯轿厢", 160, 2, ("轿厢清洁",), True),
    Ground("cleaning", "楼道", 5200, 1, ("楼梯扶手", "地面清洁")),
    Ground("cleaning", "地下车库", 9800, 1, ("地面清洁", "排水沟")),
    Ground("cleaning", "园区道路", 7600, 2, ("路面清扫", "垃圾桶清洁")),
    Ground("greening", "草坪", 6400, 0, ("修剪养护", "病虫害")),
    Ground("greening", "绿篱", 1800, 0, ("修剪养护", "缺株")),
    Ground("greening", "花坛", 600, 0, ("季节花卉", "缺株")),
    Ground("fire", "消防车通道", 2400, 0, ("消防通道畅通",), True),
    Ground("fire", "楼内疏散通道", 3100, 0, ("消防通道畅通",), True),
    Ground("order", "楼道", 5200, 0, ("堆物", "设施损坏")),
    Ground("order", "架空层", 1500, 0, ("堆物", "设施损坏")),
)
_POSTS = ("仪容仪表", "文明用语", "执勤纪律", "客服接待规范")
_PASS = {"yinhe": 0.92, "cuihu": 0.79, "lanting": 0.95}
_DONE = {"yinhe": 0.955, "cuihu": 0.84, "lanting": 0.97}
_BETTER = (0.93, 0.97)
"""The shares of items passed and of inspections made in cuihu since its rectification."""
_COLUMNS = (
    "asset_id", "area_id", "area_type", "system", "check_item", "season_task", "planned_at", "due_at", "actual_at",
    "result", "score_milli", "inspector", "is_blocked", "follow_up", "cleared_at",
)  # fmt: skip

_CHECKS = (
    "检查编号=inspection_id 专业=domain 区域编号=area_id 设备编号=asset_id 检查项目=check_item 季节任务=season_task "
    "计划时间=planned_at 检查时间=actual_at 检查结果=result 得分=score_milli 检查人=inspector 是否堵塞=is_blocked "
    "后续措施=follow_up 整改时间=cleared_at"
)
# One block for each export, as in `layouts`.
# fmt: off
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "area", "yinhe", "yinhe/责任区_20251008.csv",
        fields("责任区编号=area_id 专业=domain 区域类型=area_type 面积(㎡)=size_milli 每周频次=required_per_week 是否重点=is_key"),
        "责任区划分", preset="plain", known=("*",), encoding="utf-8-sig",
    ),
    Layout(
        "area", "cuihu", "cuihu/责任区台账_20251008.xlsx",
        fields("区域编号=area_id 检查类别=domain 部位=area_type 面积=size_milli 每周应保洁次数=required_per_week 重点区域=is_key 启用日期=added_on"),
        "责任区台账", preset="plain", known=("*",), dates="slash",
    ),
    Layout(
        "inspection", "yinhe", "yinhe/品质检查_20251008.xlsx", fields(_CHECKS),
        "品质检查：保洁、绿化、消防、公共秩序、品质", preset="plain", known=("*",),
        only={"domain": "cleaning greening fire order quality"},
    ),
    Layout(
        "inspection", "yinhe", "yinhe/巡检明细_20251008.xlsx",
        fields("任务详情ID=inspection_id 巡检点名称=area_id 设备编号=asset_id 巡检计划名称=check_item 巡检路线名称 巡检人开始时间=planned_at "
               "巡检人结束时间=due_at 巡检点开始时间 巡检点结束时间 实际巡检时间=actual_at 实际签到状态 计划巡检人 实际巡检人=inspector "
               "巡检方式 任务状态 巡检点状态 巡检情况"),
        "设备巡检（HC 巡检明细，另加设备编号一列）：没有结果一列，合格与否不可知", preset="java110",
        known=("inspection_id", "area_id", "check_item", "planned_at", "due_at", "actual_at", "inspector"),
        constants={"domain": "facility"}, only={"domain": "facility"},
    ),
    Layout(
        "inspection", "yinhe", "yinhe/员工巡楼_20251008.csv",
        fields("巡楼编号=inspection_id 标题=check_item 员工ID=inspector 员工姓名 楼栋编号=area_id 有无异常=result 巡楼内容 登记时间=actual_at"),
        "员工巡楼（HC）：没有计划，计入治安检查；「无」是无异常", preset="java110", known=("*",),
        codes={"result": {"pass": "无", "fail": "有"}}, constants={"domain": "security"}, only={"domain": "security"},
    ),
    Layout(
        "inspection", "cuihu", "cuihu/检查明细_20251008.xlsx",
        fields("巡检编号=inspection_id 检查类别=domain 责任区编号=area_id 设备编码=asset_id 部位=area_type 检查内容=check_item "
               "季节性任务=season_task 计划开始时间=planned_at 截止时间=due_at 实际检查时间=actual_at 结果=result 评分=score_milli "
               "巡检人=inspector 堵塞=is_blocked 处理措施=follow_up 整改完成时间=cleared_at"),
        "各专业检查明细：2025 年 4 月起整顿", preset="plain", known=("*",), dates="slash", title="翠湖花园检查明细（虚构数据）",
        codes={"domain": {"security": "治安", "fire": "消防安全"}},
    ),
    Layout(
        "inspection", "lanting", "lanting/检查记录_20251008.xlsx",
        fields("检查编号=inspection_id 领域=domain 设备编号=asset_id 区域类型=area_type 检查项目=check_item 季节任务=season_task "
               "计划时间=planned_at 实际检查时间=actual_at 检查结果=result 检查人=inspector 是否堵塞=is_blocked 清除时间=cleared_at"),
        "检查记录：没有责任区表，区域只写类型，因此没有保洁覆盖率", preset="plain", known=("*",), dates="true",
    ),
)
# fmt: on


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    areas = {estate.id: _areas(estate) for estate in ESTATES}
    found: list[Row] = []
    for estate in ESTATES:
        chance = Chance(seed, f"environment/{estate.id}")
        own = [*_cleaning(estate, areas[estate.id], chance), *_rounds(estate, areas[estate.id], chance)]
        own += _equipment(estate, facilities.assets(estate, seed), chance)
        own += _people(estate, chance)
        found += _numbered(estate, _blocked(estate, [_seen(estate, row, chance) for row in own]))
    told = [{name: value for name, value in row.items() if name != "items"} for own in areas.values() for row in own]
    return {"area": [row for row in told if row["community"] != "lanting"], "inspection": found}


def _areas(estate: Estate) -> list[Row]:
    return [
        {
            "community": estate.id,
            "area_id": f"{_SERIES[estate.id]}{number:02}",
            "domain": ground.domain,
            "area_type": ground.area_type,
            "size_milli": round(ground.size * _SIZE[estate.id]) * 1000,
            "required_per_week": ground.weekly or None,
            "is_key": ground.is_key,
            "added_on": datetime(2024, 9, 1) if estate.id == "cuihu" else None,
            "items": ground.items,
        }
        for number, ground in enumerate(GROUNDS, 1)
    ]


def _plan(estate: Estate, domain: str, planned: datetime, **told: object) -> Row:
    return {"community": estate.id, "domain": domain} | dict.fromkeys(_COLUMNS) | {"planned_at": planned} | told


def _of(area: Row, item: str) -> Row:
    return {"area_id": area["area_id"], "area_type": area["area_type"], "check_item": item}


def _cleaning(estate: Estate, areas: Sequence[Row], chance: Chance) -> Iterator[Row]:
    """Yield every planned cleaning: as often as required, and what the season adds on the roads."""
    for week in range(_WEEKS):
        monday = FIRST_MONDAY + timedelta(weeks=week)
        for at, area in enumerate(area for area in areas if area["domain"] == "cleaning"):
            for turn in range(int(str(area["required_per_week"]))):
                day = monday + timedelta(days=(at + 3 * turn) % 6, hours=8 + turn)
                yield _plan(estate, "cleaning", day, **_of(area, area["items"][turn % len(area["items"])]))
        road = next(area for area in areas if area["area_type"] == "园区道路")
        task = _season(monday.month)
        if task:
            yield _plan(
                estate, "cleaning", monday + timedelta(days=4, hours=7), **_of(road, task[1]), season_task=task[0]
            )


def _season(month: int) -> tuple[str, str] | None:
    if month in (10, 11):
        return "leaf", "落叶清扫"
    if month in (6, 7, 8, 9):
        return "mosquito", "蚊虫消杀"
    return ("snow", "扫雪除冰") if month == 1 else None


def _rounds(estate: Estate, areas: Sequence[Row], chance: Chance) -> Iterator[Row]:
    """Yield rounds of greening and public order (monthly, every item) and of fire passages (every ten days)."""
    for month in [*MONTHS, "2025-10"]:
        first = month_ends(month)[0]
        for at, area in enumerate(areas):
            days = {"greening": (6,), "order": (4, 18), "fire": (2, 12, 22)}.get(str(area["domain"]), ())
            for day in days:
                for item in area["items"]:
                    planned = first + timedelta(days=day + at % 3, hours=10)
                    if planned <= datetime(2025, 10, 12):
                        yield _plan(estate, str(area["domain"]), planned, **_of(area, item))


def _equipment(estate: Estate, assets: Sequence[Row], chance: Chance) -> Iterator[Row]:
    """Yield inspections of equipment: key assets every month, others every quarter; hydrants belong to fire."""
    for number, month in enumerate(MONTHS):
        first = month_ends(month)[0]
        for at, one in enumerate(assets):
            often = one["is_key"] and one["system"] != "fire"
            if one["installed_on"] < first and (often or (at + number) % 4 == 0) and one["system"] != "lighting":
                yield _check(estate, one, first + timedelta(days=1 + at % 24, hours=9))


def _check(estate: Estate, one: Row, planned: datetime) -> Row:
    """Return a planned inspection of one asset; the systems of two communities tell when it has to be over."""
    domain = "fire" if one["system"] == "fire" else "facility"
    ends = {"yinhe": domain == "facility", "cuihu": True, "lanting": False}[estate.id]
    told: Row = {"asset_id": one["asset_id"], "check_item": str(one["asset_name"]).rstrip("0123456789-N") + "巡检"}
    if estate.id == "yinhe" and domain == "facility":
        told["area_id"] = f"{one['asset_id']}机房"
    return _plan(estate, domain, planned, **told, due_at=planned + timedelta(hours=9) if ends else None)


def _people(estate: Estate, chance: Chance) -> Iterator[Row]:
    """Yield quality inspections of conduct (weekly, one item) and rounds of the buildings."""
    for week in range(_WEEKS - 1):
        monday = FIRST_MONDAY + timedelta(weeks=week)
        yield _plan(estate, "quality", monday + timedelta(days=2, hours=14), check_item=_POSTS[week % len(_POSTS)])
        building = f"{chance.between(1, len(estate.blocks))}号楼"
        at = monday + timedelta(days=chance.between(0, 6), hours=20, minutes=chance.between(0, 59))
        if estate.id == "yinhe":
            yield _plan(estate, "security", None, actual_at=at, area_id=building, check_item="夜间巡楼")
        elif week % 2:
            yield _plan(estate, "security", at, area_type="楼内", check_item="夜间治安检查")


def _seen(estate: Estate, row: Row, chance: Chance) -> Row:
    """Return a planned inspection as it was made, or not, and what was found."""
    planned = row["planned_at"] or row["actual_at"]
    passes, made = _PASS[estate.id], _DONE[estate.id]
    if estate.id == "cuihu" and planned >= RECTIFIED:
        passes, made = _BETTER
    actual = row["actual_at"] or planned + chance.minutes(75, 0.8)
    if chance.yes(0.03) and row["planned_at"]:
        actual = planned + timedelta(days=chance.between(1, 3))
    if actual > AS_OF or (row["planned_at"] and not chance.yes(made)):
        return row | {"actual_at": None}
    result = "pass" if chance.yes(passes) else chance.pick({"fail": 75, "fixed": 25})
    if row["domain"] == "security" and estate.id == "yinhe":
        result = "pass" if result == "pass" else "fail"
    found = {"actual_at": actual, "result": result, "inspector": f"测试员工{chance.between(1, 5):02}"}
    return row | found | _trouble(estate, row, result, actual, chance)


def _trouble(estate: Estate, row: Row, result: str, actual: datetime, chance: Chance) -> Row:
    """Return what follows from an inspection: a score, a blocked passage, plants to replace, the time of mending."""
    told: Row = {}
    if row["domain"] in ("quality", "cleaning") and estate.id != "lanting":
        told["score_milli"] = (chance.between(176, 200) if result == "pass" else chance.between(120, 172)) * 500
    if row["check_item"] == "消防通道畅通":
        told["is_blocked"] = result != "pass"
    if row["domain"] == "greening" and result == "fail":
        told["follow_up"] = {"缺株": "replant", "季节花卉": "adjust", "病虫害": "treat"}.get(
            str(row["check_item"]), "prune"
        )
    if result == "fail" and chance.yes(0.9):
        wait = 300 if row["domain"] == "fire" else 2600
        cleared = actual + chance.minutes(wait * estate.pace, 0.9)
        told["cleared_at"] = cleared if cleared <= AS_OF else None
    return told


def _blocked(estate: Estate, rows: list[Row]) -> list[Row]:
    """Let a delivery van stand in the fire passage of 银河湾 on the first round of September 2025, for five hours."""
    for at, row in enumerate(rows):
        seen = row["actual_at"]
        if estate.id == "yinhe" and row["check_item"] == "消防通道畅通" and seen and f"{seen:%Y-%m}" == "2025-09":
            told = {"result": "fail", "is_blocked": True, "cleared_at": seen + timedelta(hours=5)}
            return [*rows[:at], row | told, *rows[at + 1 :]]
    return rows


def _numbered(estate: Estate, rows: list[Row]) -> list[Row]:
    def when(row: Row) -> tuple:
        return row["planned_at"] or row["actual_at"], row["domain"], str(row["area_id"]), str(row["asset_id"])

    ordered = sorted(rows, key=when)
    return [row | {"inspection_id": f"{_SERIES[estate.id]}X{number:06}"} for number, row in enumerate(ordered, 1)]
