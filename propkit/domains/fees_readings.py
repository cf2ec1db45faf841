"""Arrears by age and by the reason given for them: readings of the fees room."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.knowledge import given, sum_by
from propkit.domains.payments import owed_at
from propkit.domains.reading import during, listed, speaks
from propkit.model import Column, Cut, Reading
from propkit.periods import Period
from propkit.text import Text

NONPAY_REASONS = {
    "unaware": Text("不知晓", "Not aware"),
    "no_contact": Text("联系不上", "Cannot be reached"),
    "service": Text("对服务不满", "Dissatisfied with the service"),
    "building_fault": Text("房屋遗留问题", "Faults of the building"),
    "dispute": Text("对费用有异议", "Disputes the amount"),
    "hardship": Text("经济困难", "Hardship"),
    "vacant": Text("空置未入住", "Not lived in"),
    "between_parties": Text("业主租户推诿", "Owner and tenant disagree who pays"),
    "refusal": Text("拒绝缴纳", "Refuses"),
    "other": Text("其他", "Other"),
}
AGE_BANDS = {
    "0-3": Text("3个月内", "up to 3 months"),
    "3-12": Text("3–12个月", "3–12 months"),
    "12-24": Text("1–2年", "1–2 years"),
    "24+": Text("2年以上", "over 2 years"),
}
_AGE_DAYS = {"0-3": 91, "3-12": 365, "12-24": 730}
_LEGACY = ("12-24", "24+")

# One line for each fact, as in a table.
# fmt: off
READINGS = (
    Reading(
        id="nonpayment_reasons",
        label=Text("欠费原因", "Reasons for not paying"),
        tables=("dunning_log",),
        top=Text("当期催缴过的住户，按其最后一次登记的欠费原因；以及这些住户期末的往期欠费",
                 "households contacted in the period by the last reason registered, and what they owed at its end on bills that had ended"),
        columns={
            "nonpay_reason": Column("choice", label=Text("欠费原因", "Reason"), choices=NONPAY_REASONS),
            "households": Column("whole", label=Text("催缴户数", "Households contacted")),
            "owing": Column("whole", label=Text("其中仍欠费", "Of these owing")),
            "fen": Column("money", label=Text("欠费金额", "Owed")),
        },
        headline=("sum", "households"), unit=Text("户", "households"), explained=True, source="S1:38",
        note=Text("每户只计一次；空白一行为催缴过但没有登记原因的住户，总是列出。导出里没有原因一栏的记录不计。金额截至期末（数据日更早则截至数据日）；没有账单或缴费记录时为未知。",
                  "Each household once; the row without a reason holds those contacted without one and is always there. Records of an export without that column are left out. Amounts at the end of the period, or the cut-off if earlier; unknown without bills or payment records."),
    ),
    Reading(
        id="resistance_and_response",
        label=Text("历史遗留欠费", "Legacy arrears"),
        tables=("fee_bill",),
        top=Text("服务期已结束而未缴清的账单，按结束以来的时间", "bills not paid in full whose service period has ended, by the time since"),
        columns={
            "arrears_age": Column("choice", label=Text("账龄", "Age"), choices=AGE_BANDS),
            "bills": Column("whole", label=Text("账单", "Bills")),
            "households": Column("whole", label=Text("户数", "Households")),
            "fen": Column("money", label=Text("欠费金额", "Owed")),
            "legacy_fen": Column("money", label=Text("其中超过1年", "Of this over 1 year")),
        },
        headline=("sum", "legacy_fen"), unit=Text("元", "yuan"), scale=0.01, better="down", explained=True, source="S3:86-101",
        note=Text("截至期末，数据日更早则截至数据日；一户在几个账龄都有欠费时各计一次。内部阻力、资金投入和应对由人填写。",
                  "At the end of the period, or the cut-off if earlier; a household owing in several bands counts in each. Resistance, investment and the response are for a person to write."),
    ),
)
# fmt: on


def ageing(bills: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return money outstanding at `as_of` by age since the service period ended: arrears_age, bills, households, fen."""
    due = bills[(bills["outstanding_fen"] > 0) & (bills["period_end"] < as_of)]
    days = (as_of - due["period_end"]).dt.days.to_numpy()
    codes = np.searchsorted(list(_AGE_DAYS.values()), days, side="left")
    bands = [*_AGE_DAYS, "24+"]
    homes = [due.loc[codes == code, "household"].nunique() for code in range(len(bands))]
    fen = sum_by(codes, due["outstanding_fen"].to_numpy("int64"), len(bands))
    return pd.DataFrame(
        {"arrears_age": bands, "bills": np.bincount(codes, minlength=len(bands)), "households": homes, "fen": fen}
    )


def resistance_and_response(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return the arrears at the end of the period by age; None where nobody knows what was paid."""
    bills = _owed(tables, period, cut)
    if bills["outstanding_fen"].isna().all() or period.start > cut.as_of:
        return None
    aged = ageing(bills, min(period.end, cut.as_of))
    aged = aged.assign(legacy_fen=aged["fen"].where(aged["arrears_age"].isin(_LEGACY), 0))
    return listed(aged.to_dict("records"), READINGS[1].columns)


def nonpayment_reasons(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame | None:
    """Return households contacted in the period and what they owe by reason; those without a reason are the last row."""
    log, columns = tables["dunning_log"], READINGS[0].columns
    log = log[given(log, "nonpay_reason")]
    rows = during(log, "at", period).sort_values(["at", "nonpay_reason"])
    if rows.empty:
        return listed([], columns) if speaks(log, "at", period) else None
    coded = rows.dropna(subset=["nonpay_reason"]).drop_duplicates("household", keep="last")
    reasons = dict(zip(coded["household"], coded["nonpay_reason"], strict=True))
    owed = _owed_by_home(tables, period, cut)
    homes = {reason: [] for reason in [*NONPAY_REASONS, None]}
    for home in rows["household"].unique():
        homes[reasons.get(home)].append(home)
    return listed(
        [_reason(reason, own, owed) for reason, own in homes.items() if own or reason is None],
        columns,
    )


def _reason(reason: str | None, homes: list[str], owed: Mapping[str, int] | None) -> dict[str, object]:
    fens = None if owed is None else [owed[home] for home in homes if owed.get(home, 0) > 0]
    told = {} if fens is None else {"owing": len(fens), "fen": sum(fens)}
    return {"nonpay_reason": reason, "households": len(homes), **told}


def _owed_by_home(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> dict[str, int] | None:
    """Return what each household owes on bills that have ended; None where nobody knows."""
    bills = _owed(tables, period, cut)
    if bills["outstanding_fen"].isna().all():
        return None
    late = bills[(bills["outstanding_fen"] > 0) & (bills["period_end"] < min(period.end, cut.as_of))]
    codes, homes = pd.factorize(late["household"])
    return dict(zip(homes, sum_by(codes, late["outstanding_fen"].to_numpy("int64"), len(homes)).tolist(), strict=True))


def _owed(tables: Mapping[str, pd.DataFrame], period: Period, cut: Cut) -> pd.DataFrame:
    return owed_at(tables["fee_bill"], tables["fee_payment"], min(period.end, cut.as_of + pd.Timedelta(seconds=1)))
