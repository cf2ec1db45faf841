"""Equipment of the three communities: the register, failures and planned maintenance.  Everything here is made up.

Lifts fail more in summer, heating in winter; 翠湖花园 renews cameras and doors from April 2025 on (its rectification).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends
from propkit.demo.estates import AS_OF, ESTATES, MONTHS, Estate, Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

RECTIFIED = datetime(2025, 4, 1)
"""From this day on cuihu is under rectification."""


@dataclass(frozen=True)
class Kit:
    """A kind of equipment: how many (0 = one for each stairwell), its life, failures in a month, minutes to mend one."""

    system: str
    prefix: str
    name: str
    count: tuple[int, int, int]
    life: int
    failures: float
    mend: int
    causes: tuple[str, ...]
    is_key: bool = False
    monitored: float = 0.0
    season: tuple[int, ...] = ()


KITS = (
    Kit(
        "elevator", "DT", "电梯", (0, 0, 0), 15, 0.09, 150, ("门机故障", "平层异常", "主板报警"), True, 0.75, (6, 7, 8)
    ),
    Kit("access", "MJ", "单元门禁", (0, 0, 0), 8, 0.05, 900, ("读卡失灵", "闭门器损坏"), False, 0.3),
    Kit("fire", "XF", "消火栓箱", (0, 0, 0), 15, 0.015, 1500, ("箱门损坏", "水压不足"), True, 0.1),
    Kit("water", "SB", "生活水泵", (4, 6, 2), 12, 0.06, 240, ("振动过大", "变频器报警"), True, 0.8),
    Kit("power", "PD", "配电柜", (3, 5, 2), 20, 0.02, 120, ("跳闸", "温度过高"), True, 0.7),
    Kit("cctv", "JK", "监控组", (10, 13, 5), 6, 0.09, 1300, ("画面丢失", "硬盘故障"), False, 0.9),
    Kit("perimeter", "ZJ", "周界报警", (4, 6, 2), 8, 0.07, 1400, ("误报停用", "线路中断"), False, 0.6),
    Kit("parking", "TC", "道闸", (3, 4, 2), 8, 0.12, 200, ("抬杆失灵", "识别异常"), False, 0.9),
    Kit("heating", "RL", "换热机组", (3, 5, 1), 15, 0.02, 300, ("循环泵停机", "温度异常"), True, 0.6, (11, 12, 1, 2)),
    Kit("lighting", "ZM", "路灯回路", (3, 5, 2), 10, 0.06, 1600, ("回路断电", "控制器失灵")),
)
_KITS = {kit.system: kit for kit in KITS}
_WINTER = {
    "heating": ("供暖系统注水打压", "立管排气检查", "二次网阀门检修", "温控设备调试"),
    "water": ("室外管道保温", "水表井防冻", "消防水箱防冻"),
    "other": ("防滑垫与融雪剂储备", "除雪工具清点", "坡道防滑处理"),
}
_LATE = {"yinhe": (0.93, 0.05), "cuihu": (0.80, 0.12), "lanting": (0.95, 0.03)}
"""The share of maintenance done by its due day, and of what is done late."""

# One block for each export, as in `layouts`.
# fmt: off
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "asset", "yinhe", "yinhe/设备台账_20251008.xlsx",
        fields("设备编号=asset_id 设备名称=asset_name 所属系统=system 设备状态=status 状态日期=status_on 安装日期=installed_on "
               "设计使用年限=design_life_years 关键设备=is_key 物联网监测=is_monitored 接入日期=monitored_on"),
        "设备台账", preset="plain", known=("*",),
    ),
    Layout(
        "asset", "cuihu", "cuihu/资产清单_20251008.csv",
        fields("资产编号=asset_id 资产名称=asset_name 设备系统=system 使用状态=status 状态变更日期=status_on 投用日期=installed_on "
               "设计年限=design_life_years 重点设备=is_key 远程监测=is_monitored 联网日期=monitored_on"),
        "资产清单：表头用同义词，系统名称用自己的叫法", preset="plain", known=("*",), encoding="gb18030", dates="slash",
        codes={"system": {"cctv": "视频监控", "access": "门禁对讲", "fire": "消防设施", "parking": "停车场"}},
    ),
    Layout(
        "asset", "lanting", "lanting/设备台账_20251008.csv",
        fields("设备编号=asset_id 设备名称=asset_name 系统=system 状态=status 状态日期=status_on 安装日期=installed_on "
               "设计年限=design_life_years 关键设备=is_key 是否联网监测=is_monitored"),
        "设备台账：没有接入日期，联网的视为一直联网", preset="plain", known=("*",), encoding="utf-8-sig", dates="dot",
    ),
    Layout(
        "asset_event", "yinhe", "yinhe/设备故障记录_20251008.xlsx",
        fields("设备编号=asset_id 故障时间=failed_at 恢复时间=restored_at 计划停机=is_planned 发现方式=detected_by 故障现象=cause"),
        "设备故障与计划停机", preset="plain", known=("*",),
    ),
    Layout(
        "asset_event", "cuihu", "cuihu/设备停机台账_20251008.csv",
        fields("设备编码=asset_id 停机时间=failed_at 恢复运行时间=restored_at 是否计划停机=is_planned 告警渠道=detected_by 故障原因=cause"),
        "设备停机台账：未恢复的留空", preset="plain", known=("*",), encoding="gb18030", dates="slash",
        codes={"detected_by": {"sensor": "系统告警", "patrol": "巡检发现", "owner": "业主报修", "staff": "员工上报"}},
    ),
    Layout(
        "asset_event", "lanting", "lanting/设备故障_20251008.csv",
        fields("设备编号=asset_id 故障时间=failed_at 修复时间=restored_at 发现方式=detected_by 故障现象=cause"),
        "设备故障：只记故障，没有计划停机一列", preset="plain", known=("*",), dates="hanzi",
    ),
    Layout(
        "pm_task", "yinhe", "yinhe/保养计划_20251008.xlsx",
        fields("任务编号=task_id 设备编号=asset_id 所属系统=system 任务类别=pm_kind 保养内容=content 计划日期=due_on 完成日期=done_on 结果=result"),
        "保养计划与完成", preset="plain", known=("*",), dates="true",
    ),
    Layout(
        "pm_task", "cuihu", "cuihu/维保计划表_20251008.xlsx",
        fields("计划/保养单号=task_id 计划/设备编码=asset_id 计划/系统=system 计划/保养类别=pm_kind 计划/检查项目=content "
               "计划/应完成日期=due_on 完成/实际完成日期=done_on 完成/保养结果=result"),
        "维保计划表：两行合并表头", preset="plain", known=("*",), dates="slash", title="翠湖花园维保计划（虚构数据）",
    ),
    Layout(
        "pm_task", "lanting", "lanting/保养计划_20251008.csv",
        fields("计划编号=task_id 设备编号=asset_id 类别=pm_kind 保养内容=content 截止日期=due_on 完成日期=done_on 检查结果=result"),
        "保养计划：没有系统一列，由设备台账得知", preset="plain", known=("*",), encoding="utf-8-sig",
    ),
)
# fmt: on


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    found: dict[str, list[Row]] = {"asset": [], "asset_event": [], "pm_task": []}
    for estate in ESTATES:
        own = assets(estate, seed)
        log = list(_log(estate, own, Chance(seed, f"facilities/log/{estate.id}")))
        found["asset"] += [_marked(one, log) for one in own]
        found["asset_event"] += log
        found["pm_task"] += _tasks(estate, own, Chance(seed, f"facilities/tasks/{estate.id}"))
    return found


def assets(estate: Estate, seed: int) -> list[Row]:
    """Return the register of `estate` without what the failures say of its state."""
    chance = Chance(seed, f"facilities/assets/{estate.id}")
    at = [other.id for other in ESTATES].index(estate.id)
    stairs = [f"{block.number:02}-{unit}" for block in estate.blocks for unit in range(1, block.units + 1)]
    found = []
    for kit in KITS:
        places = [f"{number:02}" for number in range(1, kit.count[at] + 1)] or stairs
        found += [_asset(estate, kit, place, chance) for place in places]
    return found + list(_renewed(estate))


def _asset(estate: Estate, kit: Kit, place: str, chance: Chance) -> Row:
    installed = datetime(estate.opened, 3, 1) + timedelta(days=chance.between(0, 400))
    if kit.life <= 8 and chance.yes(0.45):
        installed = datetime(2021, 1, 1) + timedelta(days=chance.between(0, 1200))
    monitored = chance.yes(kit.monitored if estate.id != "cuihu" else kit.monitored * 0.6)
    since = min(max(datetime(2022, 1, 1), installed) + timedelta(days=chance.between(0, 1150)), datetime(2025, 9, 1))
    return _row(estate, kit, place, installed) | {
        "is_monitored": monitored,
        "monitored_on": since if monitored and estate.id != "lanting" else None,
    }


def _row(estate: Estate, kit: Kit, place: str, installed: datetime) -> Row:
    return {
        "community": estate.id,
        "asset_id": f"{kit.prefix}-{place}",
        "asset_name": f"{kit.name}{place}",
        "system": kit.system,
        "status": "in_use",
        "status_on": None,
        "installed_on": installed,
        "design_life_years": kit.life,
        "is_key": kit.is_key,
        "is_monitored": False,
        "monitored_on": None,
    }


def _renewed(estate: Estate) -> Iterator[Row]:
    """Yield the cameras and doors that cuihu added in its rectification."""
    if estate.id == "cuihu":
        for number in range(1, 7):
            on = RECTIFIED + timedelta(days=14 + 12 * number)
            kit = _KITS["cctv" if number < 5 else "access"]
            yield _row(estate, kit, f"N{number}", on) | {"is_monitored": True, "monitored_on": on}


def _marked(one: Row, log: Sequence[Row]) -> Row:
    """Return an asset with the state in which the last day finds it."""
    standing = [row for row in log if row["asset_id"] == one["asset_id"] and row["restored_at"] is None]
    if standing:
        day = min(row["failed_at"] for row in standing)
        return one | {"status": "out_of_order", "status_on": day.replace(hour=0, minute=0)}
    if one["asset_id"] in ("ZJ-01", "JK-03"):
        return one | {"status": "retired", "status_on": datetime(2025, 6, 16)}
    return one | {"status_on": one["installed_on"]}


def _log(estate: Estate, own: Sequence[Row], chance: Chance) -> Iterator[Row]:
    for month in MONTHS:
        for one in own:
            kit = _KITS[str(one["system"])]
            expected = kit.failures * estate.pace * (1.8 if int(month[5:]) in kit.season else 1)
            if estate.id == "cuihu" and month_ends(month)[0] >= RECTIFIED:
                expected *= 0.7
            gone = one["asset_id"] in ("ZJ-01", "JK-03") and month >= "2025-06"
            if chance.yes(expected) and one["installed_on"] < month_ends(month)[0] and not gone:
                yield from _failure(estate, one, kit, chance.moment(month), chance)
            elif chance.yes(0.01) and not gone and estate.id != "lanting":
                at = month_ends(month)[0] + timedelta(days=chance.between(2, 26), hours=9)
                yield _event(one, at, at + timedelta(minutes=chance.between(60, 300)), "staff", "计划检修") | {
                    "is_planned": True
                }


def _failure(estate: Estate, one: Row, kit: Kit, at: datetime, chance: Chance) -> Iterator[Row]:
    """Yield a failure and, for a few, the same one again within the day."""
    quick = 0.5 if one["is_monitored"] else 1.0
    by = chance.pick({"sensor": 70, "patrol": 12, "owner": 10, "staff": 8} if one["is_monitored"] else
                     {"patrol": 34, "owner": 40, "staff": 26})  # fmt: skip
    cause = chance.one(kit.causes)
    restored = at + chance.minutes(kit.mend * estate.pace * quick, 0.9)
    if chance.yes(0.06) and at > datetime(2025, 8, 1):
        restored = AS_OF + timedelta(days=9)
    yield _event(one, at, restored, by if chance.yes(0.94) else None, cause)
    again = restored + chance.minutes(240, 0.5)
    if chance.yes(0.06) and again < AS_OF - timedelta(days=2) and again - at < timedelta(hours=23):
        yield _event(one, again, again + chance.minutes(90), by, cause)


def _event(one: Row, at: datetime, restored: datetime, by: str | None, cause: str) -> Row:
    return {
        "community": one["community"],
        "asset_id": one["asset_id"],
        "failed_at": at,
        "restored_at": restored if restored <= AS_OF else None,
        "is_planned": False,
        "detected_by": by,
        "cause": cause,
    }


def _tasks(estate: Estate, own: Sequence[Row], chance: Chance) -> list[Row]:
    """Return maintenance of every asset, lifts monthly and others quarterly, and what winter asks for."""
    found: list[Row] = []
    for number, month in enumerate([*MONTHS, "2025-10"]):
        first = month_ends(month)[0]
        for at, one in enumerate(own):
            lift = one["system"] == "elevator"
            if one["installed_on"] < first and (lift or (at + number) % 3 == 0):
                kind = "statutory" if lift and (at + number) % 12 == 0 else "routine"
                due = first + timedelta(days=4 + at % 22)
                found.append(_task(estate, one["asset_id"], one["system"], kind, _content(one, kind), due, chance))
    for year in (2024, 2025):
        found += _winter(estate, own, year, chance)
    found.sort(key=lambda row: (row["due_on"], str(row["asset_id"]), row["content"]))
    prefix = {"yinhe": "BY", "cuihu": "CHW", "lanting": "LTB"}[estate.id]
    return [row | {"task_id": f"{prefix}{row['due_on']:%Y%m}{number:05}"} for number, row in enumerate(found, 1)]


def _content(one: Row, kind: str) -> str:
    return "年度检验" if kind == "statutory" else f"{_KITS[str(one['system'])].name}例行保养"


def _winter(estate: Estate, own: Sequence[Row], year: int, chance: Chance) -> Iterator[Row]:
    """Yield the pre-checks of September and October and the winter items of October and November of `year`."""
    start = datetime(year, 9, 10)
    for at, one in enumerate(row for row in own if row["system"] == "heating"):
        for step, content in enumerate(_WINTER["heating"]):
            due = start + timedelta(days=9 * step + 3 * at)
            yield _task(estate, one["asset_id"], "heating", "heating_precheck", content, due, chance)
    for system in ("water", "other"):
        for step, content in enumerate(_WINTER[system]):
            due = datetime(year, 10, 6) + timedelta(days=9 * step)
            yield _task(estate, None, system, "winter", content, due, chance)


def _task(
    estate: Estate, asset_id: object, system: object, kind: str, content: str, due: datetime, chance: Chance
) -> Row:
    on_time, late = _LATE[estate.id]
    if estate.id == "cuihu" and due >= RECTIFIED:
        on_time, late = 0.92, 0.05
    end = chance.pick({"on_time": on_time, "late": late, "open": 1 - on_time - late})
    done = due + timedelta(days=-chance.between(0, 4) if end == "on_time" else chance.between(1, 25))
    if end == "open" or done > AS_OF:
        done = None
    called_off = done is None and due < AS_OF and chance.yes(0.15)
    judged = "pass" if chance.yes(0.96) else "fail"
    return {
        "community": estate.id,
        "task_id": None,
        "asset_id": asset_id,
        "system": system if estate.id != "lanting" else None,
        "pm_kind": kind,
        "content": content,
        "due_on": due,
        "done_on": done,
        "result": "cancelled" if called_off else judged if done else None,
    }
