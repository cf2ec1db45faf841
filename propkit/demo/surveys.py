"""Two survey waves as people really answered: doors and telephones in March 2025, online in September 2025."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from propkit.demo.chance import Chance
from propkit.demo.estates import Estate, Home
from propkit.text import Text

Row = dict[str, object]

ITEMS = {
    "cleaning": Text("保洁服务", "Cleaning"),
    "greening": Text("绿化养护", "Greening"),
    "security": Text("秩序维护", "Security"),
    "repairs": Text("维修服务", "Repairs"),
    "elevators": Text("电梯运行", "Elevators"),
    "parking": Text("停车管理", "Parking"),
    "fees": Text("收费透明", "Fees and transparency"),
    "customer_service": Text("客服态度", "Customer service"),
    "activities": Text("社区活动", "Activities"),
    "overall": Text("总体满意度", "Overall"),
}
REMARKS = {
    "cleaning": ("楼道转角经常有积灰，希望增加打扫次数。", "电梯厅地面有水渍没人拖。"),
    "greening": ("草坪有几块秃了，希望补种。", "绿化带里杂草该清一清了。"),
    "security": ("晚上很少看到巡逻的人。", "外来人员进出登记不严。"),
    "repairs": ("报修后等了两天才上门。", "修过的水管又漏了，希望一次修好。"),
    "elevators": ("电梯经常停，老人上下楼不方便。", "电梯运行时有异响，请检查。"),
    "parking": ("车位太紧张，晚上回来没地方停。", "有人把车停在消防通道上，没人管。"),
    "fees": ("希望把公共收益的用处公布清楚。", "账单看不懂，请说明每一项。"),
    "customer_service": ("打电话常常没人接。", "前台答复前后不一致。"),
    "activities": ("活动通知太晚，来不及参加。", "希望多办一些孩子能参加的活动。"),
    "overall": ("整体还行，细节要再抓一抓。", "希望物业多听听住户的意见。"),
}
"""What people write about the item that they like least: invented, with nobody in it."""
PRAISE = ("师傅态度很好，谢谢。", "管家有事必回，满意。", "最近小区干净多了。")
WORDS = {5: "非常满意", 4: "满意", 3: "一般", 2: "不满意", 1: "非常不满意"}


@dataclass(frozen=True)
class WaveOf:
    """One wave: its month, how it was asked, who was invited and what share of them answered."""

    id: str
    label: Text
    mode: str
    month: str
    first_day: datetime
    invited: dict[str, int]
    answered: float
    lift: float


WAVES = (
    WaveOf("2025H1", Text("2025年上半年满意度调查", "Survey, first half of 2025"), "mixed", "2025-03",
           datetime(2025, 3, 10), {"yinhe": 320, "cuihu": 480, "lanting": 160}, 0.72, 0.12),
    WaveOf("2025H2", Text("2025年下半年满意度调查", "Survey, second half of 2025"), "online", "2025-09",
           datetime(2025, 9, 8), {"yinhe": 1110, "cuihu": 2400, "lanting": 370}, 0.22, 0.0),
)  # fmt: skip

_BASE = {
    "cleaning": 0.55, "greening": 0.45, "security": 0.50, "repairs": 0.25, "elevators": 0.30, "parking": -0.25,
    "fees": -0.10, "customer_service": 0.60, "activities": 0.20, "overall": 0.35,
}  # fmt: skip
_COMMUNITY = {"yinhe": 0.15, "cuihu": -0.20, "lanting": 0.45}
_AGE = {"18-29": -0.35, "30-39": -0.20, "40-49": 0.0, "50-59": 0.10, "60+": 0.30}
_OWNER = {"owner": 0.05, "tenant": -0.05, "landlord": -0.35}
_ZONE = {("yinhe", "西区"): -0.30, ("cuihu", "北区"): -0.35, ("cuihu", "东区"): 0.10}
_STEPS = (-1.75, -0.95, -0.05, 1.05)
_UNKNOWN = {"activities": 0.16, "elevators": 0.05, "fees": 0.06, "parking": 0.10, "overall": 0.0}


def answers(estate: Estate, homes: Sequence[Home], wave: WaveOf, seed: int) -> list[Row]:
    """Return one row for each answered questionnaire of `wave`, with `scores` by item (None = don't know)."""
    chance = Chance(seed, f"survey/{wave.id}/{estate.id}")
    asked = [home for home in homes if home.occupancy == "occupied" and home.use == "home"]
    invited = wave.invited[estate.id]
    written = Chance(seed, f"survey/{wave.id}/{estate.id}/comments")
    sheets = [
        _with_comment(_answer(estate, home, wave, chance), wave, written)
        for home in chance.some(asked, invited)
        if _responds(home, wave, chance)
    ]
    if wave.mode == "online":
        sheets += [_second_thought(sheet, chance) for sheet in chance.some(sheets, len(sheets) // 60)]
    return sorted(sheets, key=lambda row: row["submitted_at"])


def long_form(sheets: Sequence[Row], wave: WaveOf) -> list[Row]:
    """Return canonical rows, one for each answer to each item."""
    return [
        {
            **{name: value for name, value in sheet.items() if name != "scores"},
            "survey_id": wave.id,
            "item": item,
            "score": sheet["scores"][item],
            "scale_low": 1,
            "scale_high": 5,
            "satisfied_from": 4,
        }
        for sheet in sheets
        for item in ITEMS
    ]


def residence(years: float) -> str:
    """Return the band of a length of residence."""
    return next(band for band, end in {"<1": 1, "1-3": 3, "3-5": 5, "5+": math.inf}.items() if years < end)


def _responds(home: Home, wave: WaveOf, chance: Chance) -> bool:
    willing = {"60+": 1.15, "50-59": 1.08, "18-29": 0.8} if wave.mode != "online" else {"60+": 0.55, "18-29": 1.35}
    return chance.yes(wave.answered * willing.get(home.age_band or "", 1.0))


def _answer(estate: Estate, home: Home, wave: WaveOf, chance: Chance) -> Row:
    mood = 0.55 * chance.normal()
    told = wave.mode != "online" or chance.yes(0.9)
    at = wave.first_day + timedelta(days=chance.between(0, 13), seconds=chance.between(9 * 3600, 21 * 3600))
    return {
        "community": estate.id,
        "submitted_at": at,
        "mode": "online" if wave.mode == "online" else chance.pick({"phone": 55, "door": 45}),
        "household": home.household if told else None,
        "seconds_used": 40 + chance.minutes(150, 0.4).seconds // 60,
        "owner_type": home.owner_type,
        "age_band": home.age_band,
        "residence": residence(home.years_in(at)),
        "zone": home.zone,
        "scores": {item: _score(estate, home, wave, item, mood, chance) for item in ITEMS},
    }


def _with_comment(sheet: Row, wave: WaveOf, chance: Chance) -> Row:
    """Add what one in four writes online: of the item liked least, or praise where nothing is disliked."""
    if wave.mode != "online" or not chance.yes(0.25):
        return sheet | {"comment": None}
    scores = {item: score for item, score in sheet["scores"].items() if score is not None}
    least = min(scores, key=lambda item: scores[item], default="overall")
    return sheet | {"comment": chance.one(REMARKS[least] if scores.get(least, 3) <= 3 else PRAISE)}


def _score(estate: Estate, home: Home, wave: WaveOf, item: str, mood: float, chance: Chance) -> int | None:
    if chance.yes(_UNKNOWN.get(item, 0.02)):
        return None
    feeling = _BASE[item] + _COMMUNITY[estate.id] + _OWNER[home.owner_type] + wave.lift + mood
    feeling += _AGE.get(home.age_band or "", 0.0) * (1.6 if item == "activities" else 1.0)
    feeling += _ZONE.get((estate.id, home.zone), 0.0) * (1.8 if item in ("security", "cleaning") else 0.6)
    feeling += 0.02 * min(home.years_in(wave.first_day), 10) * (-1 if item in ("elevators", "parking") else 1)
    if item == "repairs" and estate.id == "yinhe" and wave.id == "2025H2":
        feeling += 0.25
    return 1 + sum(feeling + chance.normal() * 0.8 > step for step in _STEPS)


def _second_thought(sheet: Row, chance: Chance) -> Row:
    """Return the answers of a household that sent the questionnaire twice; the later one counts."""
    scores = {
        item: score if score is None or not chance.yes(0.3) else max(1, score - 1)
        for item, score in sheet["scores"].items()
    }
    return sheet | {"submitted_at": sheet["submitted_at"] + chance.minutes(2000, 0.5), "scores": scores}
