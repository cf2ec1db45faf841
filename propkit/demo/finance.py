"""The books of the three communities: fee account, public revenue, meters, and the log of dunning.  All of it invented.

One statement of public revenue does not add up on purpose (cuihu, June 2025), one came out late (lanting, 2024).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from propkit.demo import fees
from propkit.demo.chance import Chance, month_ends, months_after
from propkit.demo.estates import ESTATES, MONTHS, Estate, Home
from propkit.demo.layout import Layout, fields

Row = dict[str, object]

BOOK_MONTHS = {
    "yinhe": tuple(months_after("2023-10", 24)),
    "cuihu": tuple(months_after("2023-10", 24)),
    "lanting": tuple(months_after("2024-10", 12)),
}
REVENUE_MONTHS = tuple(months_after("2024-07", 15))
MISSING_FEN = 320_000
"""What the balance of public revenue that cuihu states for the end of June 2025 has less than its entries."""

_INCOME = {"物业服务费": 0.92, "停车服务费": 0.06, "特约服务收入": 0.02}
_EXPENSE = {
    "人员费用": 0.43, "秩序维护费": 0.11, "保洁费": 0.10, "绿化养护费": 0.05, "公共能耗费": 0.10,
    "设备维修保养费": 0.07, "电梯维保费": 0.05, "办公费": 0.02, "公众责任险": 0.01, "税费": 0.03,
}  # fmt: skip
"""What comes in and goes out in a month, as a share of the fees that the homes owe for it."""
_SOURCES = {"电梯广告": 260, "场地租赁": 140, "公共车位": 420, "快递柜": 60}
"""Public revenue of a month by source, in fen for each home."""
_USES = ("补充专项维修资金", "儿童活动场地更新")
_PUBLISHED = {
    "yinhe": (datetime(2025, 1, 20), datetime(2025, 7, 25)),
    "cuihu": (datetime(2025, 1, 28), datetime(2025, 7, 30)),
    "lanting": (datetime(2025, 2, 26), datetime(2025, 7, 29)),
}
_POINTS = {
    "yinhe": (("power", "公共照明", 21.0, 0.93), ("power", "电梯", 17.0, 0.99), ("power", "水泵与车库", 12.0, 0.97),
              ("water", "绿化", 0.32, 0.90), ("water", "保洁", 0.12, 1.0), ("heat", "公共区域", 0.11, 0.96)),
    "cuihu": (("power", "公共照明", 24.0, 1.02), ("power", "电梯", 19.0, 1.0), ("water", "绿化与保洁", 0.40, 1.03),
              ("heat", "公共区域", 0.12, 1.01)),
    "lanting": (("power", "公区用电", 46.0, 0.97), ("water", "公区用水", 0.38, 0.95), ("gas", "会所锅炉", 0.9, 0.94)),
}  # fmt: skip
"""Meter, point, quantity for each home and month (kWh, m³, GJ), and how that changes in a year."""
_PRICES = {"power": 56, "water": 480, "gas": 345, "heat": 8_600}
_SEASONS = {
    "公共照明": (116, 110, 104, 97, 92, 88, 89, 92, 97, 103, 110, 117),
    "水泵与车库": (94, 93, 95, 98, 103, 112, 120, 121, 108, 98, 94, 94),
    "绿化": (5, 8, 60, 110, 150, 175, 160, 165, 140, 90, 35, 8),
    "绿化与保洁": (35, 38, 75, 110, 135, 150, 140, 145, 125, 90, 55, 38),
    "公共区域": (280, 240, 120, 0, 0, 0, 0, 0, 0, 0, 130, 260),
    "会所锅炉": (210, 190, 130, 60, 40, 30, 25, 25, 30, 60, 130, 200),
}
"""Hundredths of the usual quantity by month of the year; heating runs from the middle of November to that of March."""

_LEDGER = "月份=month_on 收支类别=side 科目=account 预算金额=budget_fen 实际金额=actual_fen"
_REVENUE = (
    "流水号=entry_id 记账日期=booked_on 收益来源=revenue_source 收支类型=entry_direction 金额=amount_fen "
    "用途=used_for 公示日期=published_on 应公示日期=publish_due_on"
)

# One block for each export, as in `layouts`.
# fmt: off
LAYOUTS: tuple[Layout, ...] = (
    Layout(
        "ledger", "yinhe", "yinhe/物业费收支_20251008.xlsx",
        fields(f"{_LEDGER} 公示日期=published_on 应公示日期=publish_due_on"),
        "物业费收支：24 个月，每季末列报余额；2025 年三季度尚未公示",
        preset="plain", known=("*",), title="银河湾物业费收支明细（虚构数据）", dates="slash",
    ),
    Layout(
        "ledger", "cuihu", "cuihu/收支账_20251008.csv",
        fields("会计期间=month_on 收支方向=side 会计科目=account 预算数=budget_fen 实际数=actual_fen "
               "公示时间=published_on 公示期限=publish_due_on"),
        "物业费收支：没有列报余额；2025 年一季度公示迟了 12 天",
        preset="plain", known=("*",), encoding="gb18030",
    ),
    Layout(
        "ledger", "lanting", "lanting/物业费收支_20251008.csv",
        fields("所属月份=month_on 收支=side 收支科目=account 实际发生额=actual_fen 公示日期=published_on"),
        "物业费收支：12 个月，没有预算，也没有公示期限，这两项因此没有数据",
        preset="plain", known=("*",), encoding="utf-8-sig", dates="hanzi",
    ),
    Layout(
        "public_revenue", "yinhe", "yinhe/公共收益_20251008.csv", fields(_REVENUE),
        "公共收益：单独列账，期初、收入、成本、支用、押金、期末",
        preset="plain", known=("*",),
    ),
    Layout(
        "public_revenue", "cuihu", "cuihu/公共收益台账_20251008.xlsx",
        fields("凭证号=entry_id 日期=booked_on 来源=revenue_source 方向=entry_direction 金额=amount_fen "
               "使用用途=used_for 公示时间=published_on 公示期限=publish_due_on"),
        "公共收益：2025 年 6 月末列报的余额比账上少 3200 元，对不上是有意留下的",
        preset="plain", known=("*",), title="翠湖花园公共收益台账（虚构数据）", dates="dot",
    ),
    Layout(
        "public_revenue", "lanting", "lanting/公共收益_20251008.csv", fields(_REVENUE),
        "公共收益：2024 年下半年的收支迟了 26 天公示",
        preset="plain", known=("*",), encoding="utf-8-sig", dates="compact",
    ),
    Layout(
        "utility", "yinhe", "yinhe/能耗台账_20251008.xlsx",
        fields("抄表月份=month_on 能源类型=meter 计量点=meter_point 本月用量=quantity_milli 本月费用=cost_fen"),
        "能耗：电、水、热，按计量点每月一行；基准取上年同月",
        preset="plain", known=("*",), sheet="能耗",
    ),
    Layout(
        "utility", "cuihu", "cuihu/水电热_20251008.csv",
        fields("用能月份=month_on 表类=meter 表具=meter_point 用量=quantity_milli 费用=cost_fen"),
        "能耗：电、水、热",
        preset="plain", known=("*",), encoding="gb18030",
        codes={"meter": {"power": "用电", "water": "用水", "heat": "供热"}},
    ),
    Layout(
        "utility", "lanting", "lanting/能耗_20251008.csv",
        fields("月份=month_on 能耗类型=meter 用能部位=meter_point 能耗量=quantity_milli 能耗费用=cost_fen "
               "基准用量=baseline_quantity_milli"),
        "能耗：电、水、气，台账自带基准用量",
        preset="plain", known=("*",), encoding="utf-8-sig",
    ),
    Layout(
        "dunning_log", "yinhe", "yinhe/催缴记录_20251008.xlsx",
        fields("房号=household 业主 催缴时间=at 催缴方式=dunning_method 催缴结果=dunning_outcome 欠费原因=nonpay_reason 处理人"),
        "催缴记录：约三成没有登记原因",
        preset="plain", known=("*",), dates="slash",
    ),
    Layout(
        "dunning_log", "cuihu", "cuihu/催费登记_20251008.csv",
        fields("房屋=household 联系电话 联系时间=at 方式=dunning_method 结果=dunning_outcome 未缴原因=nonpay_reason"),
        "催缴记录：GB18030 编码的 CSV",
        preset="plain", known=("*",), encoding="gb18030", rooms="hanzi",
        codes={"dunning_method": {"message": "微信", "visit": "上门"}},
    ),
    Layout(
        "dunning_log", "lanting", "lanting/催缴_20251008.csv",
        fields("房号=household 催缴日期=at 催缴方式=dunning_method 催缴结果=dunning_outcome"),
        "催缴记录：没有欠费原因一栏，原因分布因此没有数据",
        preset="plain", known=("*",), encoding="utf-8-sig", rooms="block", dates="hanzi",
    ),
)
# fmt: on


def rows(homes: Mapping[str, Sequence[Home]], seed: int) -> dict[str, list[Row]]:
    """Return the true rows of this room by table; `homes` by community."""
    found: dict[str, list[Row]] = {"ledger": [], "public_revenue": [], "utility": [], "dunning_log": []}
    for estate in ESTATES:
        chance = Chance(seed, f"finance/{estate.id}")
        fee = sum(home.area * estate.fee // 100 for home in homes[estate.id])
        found["ledger"] += _ledger(estate, fee, chance)
        found["public_revenue"] += _revenue(estate, chance)
        found["utility"] += _utility(estate, Chance(seed, f"utility/{estate.id}"))
        found["dunning_log"] += _dunning(estate, homes[estate.id], seed)
    return found


# The fee account -----------------------------------------------------------------------------------------------------


def _ledger(estate: Estate, fee: int, chance: Chance) -> list[Row]:
    """Return the lines of the fee account; `fee` is what the homes owe for a month, in fen."""
    found: list[Row] = []
    balance = fee // 2
    for at, month in enumerate(BOOK_MONTHS[estate.id]):
        told = {"community": estate.id, "month_on": month_ends(month)[0], **_quarter(estate, month)}
        if at == 0 and estate.id == "yinhe":
            found.append(_line(told, "opening", "账户余额", None, balance))
        for side, shares in (("income", _INCOME), ("expense", _EXPENSE)):
            for account, share in shares.items():
                budget, actual = _booked(estate, account, fee * share, month, chance)
                found.append(_line(told, side, account, budget, actual))
                balance += actual if side == "income" else -actual
        if month[5:] in ("03", "06", "09", "12") and estate.id == "yinhe":
            found.append(_line(told, "closing", "账户余额", None, balance))
    return found


def _line(told: Row, side: str, account: str, budget: int | None, actual: int) -> Row:
    return told | {"side": side, "account": account, "budget_fen": budget, "actual_fen": actual}


def _booked(estate: Estate, account: str, usual: float, month: str, chance: Chance) -> tuple[int, int]:
    """Return budget and actual of one account and month, in whole yuan: seasons, a slow rise, and what went wrong."""
    year = {"公共能耗费": 0.98, "人员费用": 1.03, "秩序维护费": 1.02}.get(account, 1.01)
    level = usual * year ** ((int(month[:4]) - 2024) + int(month[5:]) / 12)
    if account == "公共能耗费":
        level *= (1.35, 1.3, 1.1, 0.8, 0.8, 0.9, 1.0, 1.0, 0.85, 0.8, 1.0, 1.3)[int(month[5:]) - 1]
    actual = level * (1 + 0.03 * chance.normal())
    if account == "设备维修保养费" and (estate.id, month) == ("yinhe", "2025-07"):
        actual *= 1.9  # a pump had to be replaced
    if account == "绿化养护费" and month[5:] in ("12", "01", "02"):
        actual *= 0.7
    return round(level / 100) * 100, round(actual / 100) * 100


def _quarter(estate: Estate, month: str) -> Row:
    """Return when the quarter of `month` had to be published, and when it was."""
    last = f"{month[:4]}-{(int(month[5:]) + 2) // 3 * 3:02}"
    due = month_ends(months_after(last, 2)[1])[1]
    late = 12 if (estate.id, last) == ("cuihu", "2025-03") else -3
    published = None if last > "2025-06" else due + timedelta(days=late)
    return {"published_on": published, "publish_due_on": None if estate.id == "lanting" else due}


# Public revenue ------------------------------------------------------------------------------------------------------


def _revenue(estate: Estate, chance: Chance) -> list[Row]:
    """Return the entries of public revenue, with the balances that were stated at the ends of the half-years."""
    balance = estate.households * 4_000
    found = [_entry(estate, datetime(2024, 7, 1), "opening", balance)]
    for month in REVENUE_MONTHS:
        entries = [*_month_of_revenue(estate, month, chance)]
        balance += sum(_effect(entry) for entry in entries)
        found += sorted(entries, key=lambda entry: entry["booked_on"])
        if month[5:] in ("06", "12"):
            last = month_ends(month)[1]
            if (estate.id, month) == ("cuihu", "2025-06"):
                balance -= MISSING_FEN
            found.append(_entry(estate, last, "closing", balance))
            found.append(_entry(estate, last + timedelta(days=1), "opening", balance))
    letter = {"yinhe": "YG", "cuihu": "CG", "lanting": "LG"}[estate.id]
    return [row | {"entry_id": f"{letter}{number:05}"} for number, row in enumerate(found, 1)]


def _effect(entry: Row) -> int:
    return {"income": 1, "cost": -1, "use": -1}.get(entry["entry_direction"], 0) * entry["amount_fen"]


def _month_of_revenue(estate: Estate, month: str, chance: Chance) -> Iterator[Row]:
    first, last = month_ends(month)
    income = 0
    for source, each in _SOURCES.items():
        fen = round(each * estate.households * (1 + 0.1 * chance.normal()) / 100) * 100
        income += fen
        yield _entry(estate, first + timedelta(days=chance.between(1, 24)), "income", fen, source)
    yield _entry(estate, last - timedelta(days=2), "cost", round(income * 0.22 / 100) * 100, "经营管理成本")
    if month[5:] in ("05", "11"):
        use = _USES[month[5:] == "11"]
        yield _entry(estate, first + timedelta(days=19), "use", round(income * 1.4 / 10_000) * 10_000, None, use)
    if chance.yes(0.5):
        yield _entry(estate, first + timedelta(days=chance.between(2, 20)), "deposit", 200_000, "场地押金")
    if chance.yes(0.3):
        yield _entry(estate, first + timedelta(days=chance.between(2, 20)), "deposit", -200_000, "场地押金")


def _entry(
    estate: Estate, day: datetime, direction: str, fen: int, source: str | None = None, use: str | None = None
) -> Row:
    half = (day.year - 2024) * 2 + (day.month > 6) - 1
    published = _PUBLISHED[estate.id][half] if half < 2 else None
    due = (datetime(2025, 1, 31), datetime(2025, 7, 31), datetime(2026, 1, 31))[half]
    return {
        "community": estate.id,
        "booked_on": day,
        "revenue_source": source,
        "entry_direction": direction,
        "amount_fen": fen,
        "used_for": use,
        "published_on": published,
        "publish_due_on": due,
    }


# Meters --------------------------------------------------------------------------------------------------------------


def _utility(estate: Estate, chance: Chance) -> list[Row]:
    """Return a line for each point and month; quantities are whole kWh and m³, heat to a tenth of a GJ."""
    found = []
    for month in months_after("2023-10", 24):
        first = month_ends(month)[0]
        for meter, point, each, change in _POINTS[estate.id]:
            season = _SEASONS.get(point, (100,) * 12)[first.month - 1] / 100
            usual = each * estate.households * season
            years = (first.year - 2024) + first.month / 12
            step = 100 if meter == "heat" else 1_000
            quantity = round(usual * change**years * (1 + 0.03 * chance.normal()) * 1000 / step) * step
            found.append(
                {
                    "community": estate.id,
                    "month_on": first,
                    "meter": meter,
                    "meter_point": point,
                    "quantity_milli": quantity,
                    "cost_fen": round(quantity * _PRICES[meter] / 1000),
                    "baseline_quantity_milli": round(usual) * 1_000 if estate.id == "lanting" else None,
                }
            )
    return found


# Dunning -------------------------------------------------------------------------------------------------------------

_REASONS = {"service": 22, "unaware": 14, "no_contact": 14, "building_fault": 16, "dispute": 12, "hardship": 10,
            "between_parties": 8, "refusal": 4}  # fmt: skip
_ANSWERS = {"promised": 46, "no_answer": 22, "disputed": 16, "refused": 6, "delivered": 10}


def _dunning(estate: Estate, homes: Sequence[Home], seed: int) -> list[Row]:
    """Return the contacts of each month with homes that then had an overdue bill; the older the debt, the graver."""
    chance = Chance(seed, f"dunning/{estate.id}")
    bills, payments = fees.accounts(estate, homes, seed)
    paid = {row["bill_id"]: row["paid_at"] for row in payments if row["amount_fen"] > 0}
    open_bills: dict[object, list[Row]] = {}
    for bill in bills:
        open_bills.setdefault(bill["household"], []).append(bill)
    found = []
    for month in MONTHS:
        for home in homes:
            at = month_ends(month)[0] + timedelta(days=chance.between(4, 25), hours=chance.between(9, 18))
            overdue = [bill for bill in open_bills.get(home.household, []) if _is_overdue(bill, paid, at)]
            if overdue and chance.yes(0.2):
                found.append(_contact(estate, home, at, (at - overdue[0]["due_on"]).days, chance))
    return sorted(found, key=lambda row: (row["at"], row["household"]))


def _is_overdue(bill: Row, paid: Mapping[object, datetime], at: datetime) -> bool:
    until = paid.get(bill["bill_id"])
    return bill["due_on"] < at and (until is None or until > at)


def _contact(estate: Estate, home: Home, at: datetime, days: int, chance: Chance) -> Row:
    mild = {"message": 40, "phone": 35, "bill": 25}
    grave = {"phone": 30, "visit": 35, "letter": 30} | ({"lawyer": 12} if days > 300 else {})
    method = chance.pick(mild if days < 90 else grave)
    outcome = "delivered" if method in ("bill", "letter", "lawyer") else chance.pick(_ANSWERS)
    reason = "vacant" if home.occupancy == "vacant" and chance.yes(0.6) else chance.pick(_REASONS)
    told = chance.yes(0.75 if method in ("visit", "phone") else 0.5)
    return {
        "community": estate.id,
        "household": home.household,
        "at": at + timedelta(minutes=chance.between(0, 59)),
        "dunning_method": method,
        "dunning_outcome": outcome,
        "nonpay_reason": reason if told and estate.id != "lanting" else None,
    }
