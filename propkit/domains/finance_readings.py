"""Statements of the fee account and of public revenue, and what each meter saved: readings of the finance room.

One engine makes both statements, each from its own lines; nothing passes from one to the other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from propkit.domains.knowledge import covered_months, given
from propkit.domains.reading import listed
from propkit.model import Column, Cut, Reading
from propkit.periods import Period, month_range
from propkit.text import Text

Row = dict[str, object]
Balance = tuple[pd.Timestamp, str, int]
"""The moment at which a balance was stated, whether as opening or closing, and its fen."""

_FLOWS = {"income": 1, "cost": -1, "use": -1}
"""What changes the balance, and how."""
_DAY = pd.Timedelta(days=1)

METERS = {
    "power": Text("电", "Electricity"),
    "water": Text("水", "Water"),
    "gas": Text("气", "Gas"),
    "heat": Text("热", "Heat"),
}
PARTS = {
    "opening": Text("期初余额", "Opening balance"),
    "income": Text("收入", "Income"),
    "cost": Text("支出（成本）", "Expense (cost)"),
    "use": Text("支用", "Use"),
    "closing": Text("期末余额（推算）", "Closing balance (computed)"),
    "stated": Text("期末余额（列报）", "Closing balance (stated)"),
    "difference": Text("对不上的差额", "Does not reconcile by"),
    "deposit": Text("押金（不计收入）", "Deposits (not income)"),
    "published": Text("已公示", "Published"),
    "unpublished": Text("未公示", "Not published"),
}

# One line for each fact, as in a table.
# fmt: off
_STATEMENT = {
    "part": Column("choice", label=Text("项目", "Part"), choices=PARTS),
    "name": Column("text", label=Text("科目或来源", "Account or source")),
    "on": Column("day", label=Text("日期", "Day")),
    "fen": Column("money", label=Text("金额", "Amount")),
    "net_fen": Column("money", label=Text("对结余的影响", "Effect on the balance")),
    "days_late": Column("whole", label=Text("逾期天数", "Days late")),
}
_SAVINGS = {
    "meter": Column("choice", label=Text("能源类型", "Meter"), choices=METERS),
    "months": Column("whole", label=Text("可比月数", "Months compared")),
    "quantity_milli": Column("decimal", label=Text("用量（度、立方米、吉焦）", "Quantity (kWh, m³, GJ)")),
    "base_milli": Column("decimal", label=Text("基准用量", "Baseline")),
    "saved_milli": Column("decimal", label=Text("节约量", "Saved")),
    "cost_saved_fen": Column("money", label=Text("费用节约（同比）", "Cost saved on last year")),
}
_RECONCILED = Text(
    "期初＋收入－成本－支用＝期末；期初取列报数，没有则由更早的列报数逐笔推算，再没有则为未知。"
    "列报的余额与推算不符时，逐处列出差额（列报－推算）和日期，不作调整；账目不连续的月份不对账。"
    "公示逾期天数按台账给出的期限；未公示的算到数据日。",
    "Opening + income − cost − use = closing. The opening balance is the stated one, else carried forward from an earlier one, else unknown. "
    "Where a stated balance differs from the entries, the difference (stated − computed) is listed with its day and nothing is adjusted; months that the books do not cover are not reconciled. "
    "Days late are counted from the due day in the register, for what is unpublished to the cut-off.",
)

READINGS = (
    Reading(
        id="fee_account_disclosure",
        label=Text("物业费收支公示", "Fee account statement"),
        tables=("ledger",),
        top=Text("物业费账户的期初、按来源的收入、按科目的支出、期末，以及公示日期",
                 "opening balance, income by source, expense by account and closing balance of the fee account, and when it was published"),
        columns=_STATEMENT, headline=("sum", "net_fen"), unit=Text("元", "yuan"), scale=0.01, source="S3:56",
        note=Text(_RECONCILED.zh + "只列数据日前已过完的月份；公共收益不在此表。",
                  _RECONCILED.en + " Only months that were over at the cut-off; public revenue is no part of it."),
    ),
    Reading(
        id="public_revenue_statement",
        label=Text("公共收益收支表", "Public revenue statement"),
        tables=("public_revenue",),
        top=Text("公共收益的期初、按来源的收入、合理成本、支用、期末，以及公示日期",
                 "opening balance, income by source, reasonable costs, use and closing balance of public revenue, and when it was published"),
        columns=_STATEMENT, headline=("sum", "net_fen"), unit=Text("元", "yuan"), scale=0.01, source="S3:57; 民法典282",
        note=Text(_RECONCILED.zh + "押金是代收款，单列，不计收入，也不在余额内；本表从不并入物业费。",
                  _RECONCILED.en + " Deposits are held for others: listed apart, neither income nor in the balance. Never added to the fee account."),
    ),
    Reading(
        id="innovation_energy_safety_highlights",
        label=Text("服务创新、节能降耗与安全成果", "Innovation, energy and safety highlights"),
        tables=("utility",),
        top=Text("各类表计的用量、基准和节约量，以及与上年同月相比的费用节约",
                 "quantity, baseline and saving of each kind of meter, and cost saved on the same months of last year"),
        columns=_SAVINGS, headline=("count", ""), unit=Text("类表计", "kinds of meter"), explained=True, source="S0:46",
        note=Text("只列有基准可比的月份和计量点；负数为多用。没有任何可比月份即无数据。服务创新和安全成果由人填写。",
                  "Only months and points with a baseline; below zero is used more. Without any such month there are no data. Innovation and safety are for a person to write."),
    ),
)
# fmt: on


def fee_account_disclosure(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the statement of the fee account for the months of the period that were over at the cut-off."""
    rows = tables["ledger"]
    rows = rows[rows["booked_fen"].notna()]
    lines = rows.assign(
        part=rows["side"].replace("expense", "cost"),
        name=rows["account"],
        on=rows["month_on"],
        until=(rows["month_on"] + pd.DateOffset(months=1)).astype("datetime64[s]"),
        fen=rows["booked_fen"],
    )
    return _statement(lines, period, cut.as_of)


def public_revenue_statement(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the statement of public revenue for the days of the period up to the cut-off."""
    rows = tables["public_revenue"]
    lines = rows.assign(
        part=rows["entry_direction"],
        name=rows["revenue_source"].mask(rows["entry_direction"] == "use", rows["used_for"]),
        on=rows["booked_on"],
        until=rows["booked_on"] + _DAY,
        fen=rows["amount_fen"],
    )
    return _statement(lines, period, cut.as_of)


def innovation_energy_safety_highlights(
    tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut
) -> pd.DataFrame | None:
    """Return one row for each kind of meter with something to compare in the period."""
    rows = tables["utility"]
    within = (rows["month_on"] >= period.start) & (rows["month_on"] + pd.DateOffset(months=1) <= period.end)
    rows = rows[within & rows["saved_milli"].notna()]
    if rows.empty:
        return None
    found = [meter for meter in METERS if (rows["meter"] == meter).any()]
    return listed([_metered(rows[rows["meter"] == meter], meter) for meter in found], _SAVINGS)


def _metered(rows: pd.DataFrame, meter: str) -> Row:
    return {
        "meter": meter,
        "months": rows["month_on"].nunique(),
        **{name: int(rows[name].sum()) for name in ("quantity_milli", "base_milli", "saved_milli")},
        "cost_saved_fen": rows["cost_saved_fen"].sum(min_count=1),
    }


def _statement(lines: pd.DataFrame, period: Period, as_of: pd.Timestamp) -> pd.DataFrame | None:
    """Return a statement of `lines` for the months of `period` that they cover; None for a day or without such months.

    `lines`: part, name, fen, and the first moment (`on`) and the end (`until`) of the time that each belongs to.
    """
    covered = set(covered_months(lines, "on"))
    told = [month for month in period.months if month in covered]
    if period.kind == "day" or not told:
        return None
    stop = pd.Timestamp(f"{told[-1]}-01") + pd.DateOffset(months=1)
    ours = lines[(lines["on"] >= period.start) & (lines["on"] < stop)]
    last = min(stop - _DAY, as_of.normalize())
    rows = [
        *_balanced(lines, covered, period.start, stop, last),
        *_named(ours, "deposit"),
        *_published(ours, as_of),
    ]
    return listed(rows, _STATEMENT)


def _balanced(
    lines: pd.DataFrame, covered: set[str], start: pd.Timestamp, stop: pd.Timestamp, last: pd.Timestamp
) -> Iterator[Row]:
    """Yield opening balance, flows, closing balances computed and stated, and every difference between the two."""
    balances = _balances(lines)
    earlier = [one for one in balances if one[0] < start or one[:2] == (start, "closing")]
    later = [one for one in balances if one not in earlier and one[0] <= stop]
    carried = _carried(lines, covered, earlier, start)
    opening = next((fen for moment, _, fen in later if moment == start), carried)
    is_whole = set(month_range(start, stop - _DAY)) <= covered
    yield {"part": "opening", "on": start, "fen": opening}
    ours = lines[(lines["on"] >= start) & (lines["on"] < stop)]
    for part in _FLOWS:
        yield from _named(ours, part)
    closing = opening + _net(lines, start, stop) if opening is not None and is_whole else None
    yield {"part": "closing", "on": last, "fen": closing}
    ends = [one for one in later if one[0] == stop]
    yield from ({"part": "stated", "on": last, "fen": fen} for _, _, fen in ends[:1])
    if is_whole:
        checked = [one for one in later if one not in ends[1:]]
        yield from _differences(lines, checked, carried, start)


def _balances(lines: pd.DataFrame) -> list[Balance]:
    """Return the stated balances in order of time, a closing before the opening that follows it; lines of one add up."""
    found: dict[tuple[pd.Timestamp, str], int] = {}
    stated = lines[lines["part"].isin(["opening", "closing"])]
    for part, on, until, fen in stated[["part", "on", "until", "fen"]].itertuples(index=False):
        key = (on if part == "opening" else until, part)
        found[key] = found.get(key, 0) + int(fen)
    return [(*key, found[key]) for key in sorted(found)]


def _carried(lines: pd.DataFrame, covered: set[str], earlier: list[Balance], start: pd.Timestamp) -> int | None:
    """Return the balance at `start` that follows from the last one stated before; None where the books have a gap."""
    if not earlier:
        return None
    moment, _, fen = earlier[-1]
    gap = moment < start and not set(month_range(moment, start - _DAY)) <= covered
    return None if gap else fen + _net(lines, moment, start)


def _differences(
    lines: pd.DataFrame, stated: list[Balance], balance: int | None, moment: pd.Timestamp
) -> Iterator[Row]:
    """Yield what each stated balance has more than the one before it and the entries since."""
    for at, part, fen in stated:
        over = 0 if balance is None else fen - balance - _net(lines, moment, at)
        if over:
            yield {"part": "difference", "on": at if part == "opening" else at - _DAY, "fen": over}
        balance, moment = fen, at


def _net(lines: pd.DataFrame, start: pd.Timestamp, end: pd.Timestamp) -> int:
    ours = lines[(lines["on"] >= start) & (lines["on"] < end)]
    return int((ours["fen"] * ours["part"].map(_FLOWS).astype("Int64")).sum())


def _named(lines: pd.DataFrame, part: str) -> list[Row]:
    """Return one row for each account or source of `part`, the largest first, the unnamed last."""
    found: dict[str | None, int] = {}
    ours = lines[lines["part"] == part]
    for name, fen in zip(ours["name"].astype(object), ours["fen"], strict=True):
        known = None if pd.isna(name) else name
        found[known] = found.get(known, 0) + int(fen)
    ranked = sorted(found, key=lambda name: (name is None, -found[name], name or ""))
    sign = _FLOWS.get(part)
    return [{"part": part, "name": name, "fen": found[name], "net_fen": sign and sign * found[name]} for name in ranked]


def _published(lines: pd.DataFrame, as_of: pd.Timestamp) -> list[Row]:
    """Return one row for each day of publication and day due among `lines`, what is unpublished last."""
    told = lines[given(lines, "published_on")].drop_duplicates(["published_on", "publish_due_on"])
    told = told.sort_values(["published_on", "publish_due_on"])
    return [
        {
            "part": "unpublished" if pd.isna(on) else "published",
            "on": due if pd.isna(on) else on,
            "days_late": None if pd.isna(due) else max(0, ((as_of.normalize() if pd.isna(on) else on) - due).days),
        }
        for on, due in zip(told["published_on"], told["publish_due_on"], strict=True)
    ]
