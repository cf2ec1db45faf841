"""Parking and renovation as they really were: one gate in one month, spaces, violations, permits, and their exports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from propkit.demo.chance import Chance, month_ends
from propkit.demo.estates import AS_OF, CUIHU, LANTING, MONTHS, YINHE, Estate, Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

GATE = "南门"
MONTH = MONTHS[-1]
"""The one gate and month whose passes were exported, in the small community."""
TIGHTENED = "2025-04"
_SPACES = {"fixed": 40, "temporary": 12, "public": 6}
_VIOLATIONS = {"yinhe": 8.0, "cuihu": 17.0, "lanting": 3.0}
_WAYS = {"占用消防通道": 30, "占用他人车位": 22, "堵塞单元门口": 16, "压占绿地": 12, "访客车辆乱停": 20}
_RENOVATIONS = {"yinhe": 2.2, "cuihu": 3.4, "lanting": 0.8}


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    found: dict[str, list[Row]] = {"parking_space": _spaces(LANTING), "parking_violation": [], "renovation": []}
    for estate in (YINHE, CUIHU, LANTING):
        chance = Chance(seed, f"parking/{estate.id}")
        found["parking_violation"] += _violations(estate, chance)
        found["renovation"] += _renovations(estate, homes[estate.id], chance)
    found["vehicle_pass"] = _passes(LANTING, Chance(seed, "parking/passes"))
    return found


def _spaces(estate: Estate) -> list[Row]:
    kinds = [kind for kind, count in _SPACES.items() for _ in range(count)]
    return [
        {
            "community": estate.id,
            "space_id": f"{kind[0].upper()}-{number:03}",
            "space_kind": kind,
            "opened_on": datetime(2025, 9, 15) if kind == "public" else datetime(estate.opened, 6, 1),
        }
        for number, kind in enumerate(kinds, 1)
    ]


def _passes(estate: Estate, chance: Chance) -> list[Row]:
    """Return a month at the gate: residents who leave in the morning and come back, visitors, and reads that failed."""
    first, last = month_ends(MONTH)
    found: list[Row] = []
    for car in range(1, 35):
        plate = f"测L{car:03}固"
        for day in range(last.day):
            weekend = (first + timedelta(days=day)).weekday() >= 5
            if chance.yes(0.45 if weekend else 0.85):
                out = first + timedelta(
                    days=day, hours=7, minutes=chance.between(0, 150), seconds=chance.between(0, 59)
                )
                back = out + chance.minutes(560, 0.2)
                found += _trip(estate, plate, "fixed", (out, "out"), (back, "in"), chance)
    for day in range(last.day):
        for number in range(chance.count(9)):
            came = first + timedelta(days=day, minutes=chance.between(480, 1260), seconds=chance.between(0, 59))
            plate = None if chance.yes(0.02) else f"测T{day + 1:02}{number:02}临"
            left = came + chance.minutes(110, 0.7)
            found += _trip(estate, plate, "temporary", (came, "in"), (left, "out"), chance)
    month_end = last + timedelta(days=1)
    kept = {(row["direction"], row["at"], row["plate"]): row for row in found if row["at"] < month_end}
    return sorted(kept.values(), key=lambda row: (row["at"], str(row["plate"]), row["direction"]))


def _trip(
    estate: Estate, plate: str | None, kind: str, one: tuple[datetime, str], other: tuple[datetime, str], chance: Chance
) -> list[Row]:
    """Return both passes of a trip: one in fifty is not recorded, one in eighty is read twice."""
    found = []
    for moment, direction in (one, other):
        if chance.yes(0.02):
            continue
        auto = plate is not None and chance.yes(0.97 if kind == "fixed" else 0.9)
        row = {
            "community": estate.id,
            "plate": plate,
            "gate": GATE,
            "direction": direction,
            "at": moment,
            "seconds": chance.between(2, 7) if auto else chance.between(15, 70),
            "auto_recognised": auto,
            "vehicle_kind": kind,
        }
        found.append(row)
        if chance.yes(0.0125):
            found.append(row | {"at": moment + timedelta(seconds=chance.between(5, 40))})
    return found


def _violations(estate: Estate, chance: Chance) -> list[Row]:
    found = []
    for month in MONTHS:
        calm = estate is CUIHU and month >= TIGHTENED
        for _ in range(chance.count(_VIOLATIONS[estate.id] * (0.5 if calm else 1))):
            at = chance.moment(month)
            handled = at + chance.minutes(25 * (0.6 if calm else estate.pace), 0.9) if chance.yes(0.95) else None
            handled = handled if handled and handled <= AS_OF else None
            found.append(
                {
                    "community": estate.id,
                    "at": at,
                    "violation_kind": chance.pick(_WAYS),
                    "handled_at": handled,
                    "result": chance.pick({"劝离": 70, "贴单告知": 22, "联系移车": 8}) if handled else None,
                }
            )
    found.sort(key=lambda row: row["at"])
    prefix = {"yinhe": "WT", "cuihu": "CW", "lanting": "LW"}[estate.id]
    return [row | {"violation_id": f"{prefix}{row['at']:%y%m}{number:04}"} for number, row in enumerate(found, 1)]


def _renovations(estate: Estate, homes: Sequence[Home], chance: Chance) -> list[Row]:
    found = []
    lived_in = [home for home in homes if home.use == "home"]
    for month in MONTHS:
        for _ in range(chance.count(_RENOVATIONS[estate.id] * (0.3 if month[5:] in ("01", "02") else 1))):
            found.append(_renovation(estate, month, chance.one(lived_in), chance))
    found.sort(key=lambda row: (row["start_on"], row["household"]))
    prefix = {"yinhe": "ZX", "cuihu": "CZ", "lanting": "LZ"}[estate.id]
    return [row | {"permit_id": f"{prefix}{row['start_on']:%y%m}{number:03}"} for number, row in enumerate(found, 1)]


def _renovation(estate: Estate, month: str, home: Home, chance: Chance) -> Row:
    start = month_ends(month)[0] + timedelta(days=chance.between(0, 27))
    due = max(1, min(16, (AS_OF - start).days // 7))
    dispute = chance.yes(0.16)
    closed = start + timedelta(days=chance.between(8, 60)) if dispute and chance.yes(0.85) else None
    return {
        "community": estate.id,
        "household": home.household,
        "start_on": start,
        "end_on": start + timedelta(days=chance.between(45, 120)),
        "inspections_due": due,
        "inspections_done": max(0, due + chance.pick({1: 5, 0: 60, -1: 25, -3: 10})),
        "violations": chance.pick({0: 62, 1: 24, 2: 10, 3: 4}),
        "dispute": dispute,
        "dispute_closed_on": closed if closed and closed <= AS_OF else None,
    }


LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "parking_space",
        "lanting",
        "lanting/车位台账_20251008.csv",
        fields("车位号=space_id 车位类型=space_kind 启用日期=opened_on"),
        "车位台账：只有兰亭苑地面停车场；另两个小区没有导出车位",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
    ),
    Layout(
        "vehicle_pass",
        "lanting",
        "lanting/车辆通行_202509_导出20251008.xlsx",
        fields(
            "车牌号码=plate 通道=gate 进出方向=direction 过闸时间=at 用时（秒）=seconds 自动识别=auto_recognised "
            "卡类型=vehicle_kind"
        ),
        "车辆通行：南门一个月；车牌（虚构）读取时即加密，有漏读和重复读牌",
        preset="plain",
        known=("plate", "gate", "direction", "at", "auto_recognised", "vehicle_kind"),
        codes={"vehicle_kind": {"fixed": "月租卡", "temporary": "临时卡"}},
    ),
    Layout(
        "parking_violation",
        "yinhe",
        "yinhe/违停记录_20251008.csv",
        fields("违停编号=violation_id 违停时间=at 违停行为=violation_kind 处理时间=handled_at 处理结果=result"),
        "违停记录",
        preset="plain",
        known=("*",),
        dates="slash",
    ),
    Layout(
        "parking_violation",
        "cuihu",
        "cuihu/违停登记_20251008.csv",
        fields("号码=violation_id 发现=at 行为=violation_kind 处置=handled_at 结果=result 登记人姓名"),
        "违停登记：2025 年 4 月整顿后减少",
        encoding="gb18030",
        dates="dot",
    ),
    Layout(
        "parking_violation",
        "lanting",
        "lanting/违停台账_20251008.xlsx",
        fields("记录编号=violation_id 发现时间=at 违停类型=violation_kind 处置时间=handled_at 处置结果=result"),
        "违停台账",
        preset="plain",
        known=("*",),
        dates="true",
    ),
    Layout(
        "renovation",
        "yinhe",
        "yinhe/装修台账_20251008.xlsx",
        fields(
            "装修证号=permit_id 房号=household 装修开始日期=start_on 计划完工日期=end_on 应巡查次数=inspections_due "
            "实际巡查次数=inspections_done 违规次数=violations 有无纠纷=dispute 纠纷办结日期=dispute_closed_on"
        ),
        "装修台账：每户一行，次数累计到导出那天",
        preset="plain",
        known=("*",),
        dates="true",
    ),
    Layout(
        "renovation",
        "cuihu",
        "cuihu/装修登记_20251008.csv",
        fields(
            "许可号=permit_id 房屋=household 开工=start_on 完工=end_on 应检=inspections_due 已检=inspections_done "
            "违规=violations 纠纷=dispute 纠纷了结=dispute_closed_on"
        ),
        "装修登记",
        encoding="gb18030",
        rooms="hanzi",
        dates="slash",
    ),
    Layout(
        "renovation",
        "lanting",
        "lanting/装修登记_20251008.csv",
        fields(
            "许可编号=permit_id 装修房号=household 开工日期=start_on 完工日期=end_on 应检次数=inspections_due "
            "已检次数=inspections_done 违规次数=violations 是否纠纷=dispute 纠纷结束日期=dispute_closed_on"
        ),
        "装修登记",
        preset="plain",
        known=("*",),
        encoding="utf-8-sig",
        rooms="block",
        dates="dash",
    ),
)
