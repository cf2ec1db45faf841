"""Fees: bills and payments, how payments meet bills, and the three collection rates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.domains.knowledge import sum_by
from propkit.model import Column, Cut, Kpi, Segment, Table
from propkit.periods import month_range
from propkit.text import Text

# One line for each fact, as in a table.
# fmt: off
BILL = Table(
    name="fee_bill",
    label=Text("应收账单", "Bills"),
    columns={
        "bill_id": Column("id", label=Text("账单编号", "Bill id"), required=True,
                          headers=("账单编号", "费用编号", "bill_id")),
        "household": Column("place", label=Text("房号", "Unit"), required=True,
                            headers=("房号", "收费对象", "household")),
        "fee_item": Column("text", label=Text("费用项", "Fee item"), headers=("费用项", "收费项目", "fee_item")),
        "period_start": Column("day", planned=True, label=Text("费用开始时间", "Period start"), required=True,
                               headers=("费用开始时间", "开始时间", "period_start")),
        "period_end": Column("day", planned=True, label=Text("费用结束时间", "Period end"), required=True,
                             headers=("费用结束时间", "结束时间", "period_end")),
        "due_on": Column("day", planned=True, label=Text("应缴日期", "Due"), headers=("应缴日期", "due_on")),
        "amount_due_fen": Column("money", label=Text("应收金额", "Amount due"), required=True, low=0,
                                 headers=("应收金额", "应缴金额", "应缴/应收金额", "amount_due")),
        "waiver_fen": Column("money", label=Text("减免金额", "Waiver"), low=0, headers=("减免金额", "waiver")),
        "discount_fen": Column("money", label=Text("优惠金额", "Discount"), low=0, headers=("优惠金额", "discount")),
    },
    key=("community", "bill_id"),
    identity=("household", "period_start"),
    dated_by="period_start",
    ordered=(("period_start", "period_end"),),
)

PAYMENT = Table(
    name="fee_payment",
    label=Text("缴费明细", "Payments"),
    columns={
        "payment_id": Column("id", label=Text("订单号", "Payment id"), required=True,
                             headers=("订单号", "缴费单号", "payment_id")),
        "bill_id": Column("id", label=Text("账单编号", "Bill id"), headers=("账单编号", "费用编号", "bill_id")),
        "household": Column("place", label=Text("房号", "Unit"), headers=("房号", "household")),
        "fee_item": Column("text", label=Text("费用项", "Fee item"), headers=("费用项", "收费项目", "fee_item")),
        "period_start": Column("day", planned=True, label=Text("费用开始时间", "Period start"),
                               headers=("费用开始时间", "开始时间", "period_start")),
        "paid_at": Column("instant", label=Text("缴费时间", "Paid"), required=True, headers=("缴费时间", "paid_at")),
        "amount_fen": Column("money", label=Text("实收金额", "Amount"), required=True,
                             headers=("实收金额", "amount")),
        "penalty_fen": Column("money", label=Text("滞纳金", "Penalty"), low=0, headers=("滞纳金", "penalty")),
        "channel": Column("text", label=Text("支付方式", "Channel"), headers=("支付方式", "channel")),
        "is_prepayment": Column("flag", label=Text("预交", "Prepayment"), headers=("是否预交", "is_prepayment")),
        "is_refund": Column("flag", label=Text("退款", "Refund"), headers=("是否退款", "is_refund")),
    },
    key=("community", "payment_id"),
    identity=("household", "bill_id", "paid_at"),
    dated_by="paid_at",
)
"""`amount_fen` is the money for the fee itself without the penalty; a refund is negative, or positive with `is_refund`.
Without `bill_id` a payment meets the bill of the same household, fee item and period start."""

TABLES = (BILL, PAYMENT)

SEGMENTS = (
    Segment("fee_item", Text("费用项", "Fee item")),
    Segment("arrears_age", Text("账龄", "Age of arrears"), {
        "0-3": Text("3个月内", "up to 3 months"),
        "3-12": Text("3–12个月", "3–12 months"),
        "12-24": Text("1–2年", "1–2 years"),
        "24+": Text("2年以上", "over 2 years"),
    }),
)
_AGE_DAYS = {"0-3": 91, "3-12": 365, "12-24": 730}

KPIS = (
    Kpi(
        id="fee_collection_rate_current",
        label=Text("物业费收缴率（当期）", "Fee collection rate"),
        top=Text("截至数据日已收的当期账单款（预交、滞纳金不计，退款扣除，超额部分不计）",
                 "money received by the cut-off on the period's bills, without prepayments, penalties and overpayment, net of refunds"),
        bottom=Text("服务期从当期开始的账单净应收（应收－减免－优惠）",
                    "net amount due (due − waiver − discount) of bills whose service period starts in the period"),
        table="fee_bill", numerator="paid_fen", denominator="net_due_fen", kind="money", ages=True, better="up",
        dated_by="period_start", source="S0:40; S1:21; S3:110",
        note=Text("是全部账户的金额之比，没有抽样区间；数据日越晚，数值越高。",
                  "A ratio of money over all accounts, so there is no sampling interval; it rises with a later cut-off."),
    ),
    Kpi(
        id="fee_collection_rate_households",
        label=Text("户数收缴率", "Households paid up"),
        top=Text("当期账单已全部付清的住户", "households with nothing outstanding on the period's bills"),
        bottom=Text("当期有账单的住户（跨月按户·月计）", "households billed in the period (household-months over several months)"),
        table="fee_account", numerator="settled", ages=True, better="up", dated_by="period_start", source="HC 户收费率",
    ),
    Kpi(
        id="arrears_recovery_rate",
        label=Text("往期欠费清缴率", "Arrears recovered"),
        top=Text("当月收回的往期欠费", "money received in the month on bills that had ended before it"),
        bottom=Text("月初往期欠费余额", "outstanding on such bills at the start of the month"),
        table="arrears", numerator="recovered_fen", denominator="opening_fen", kind="money", better="up",
        dated_by="month_on", source="HC 清缴率",
        note=Text("月初余额是时点数，只按月计算，不跨月相加。",
                  "The opening balance is a stock: by month only, never added over months."),
        stock=True,
    ),
)
DURATIONS = ()
READINGS = ()
NOTES = ()
# fmt: on


def derive(bills: pd.DataFrame, payments: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add to bills what was paid on them by `cut.as_of`, in fen.

    net_due_fen (due − waiver − discount, at least 0), paid_fen (0..net_due_fen; missing for months before the payment records
    begin) and outstanding_fen (missing where a community has no payment records at all).
    """
    net = _net_due(bills)
    money = allocate(bills, payments)
    codes = pd.Index(bills["bill_id"] + "@" + bills["community"]).get_indexer(money["bill_key"])
    paid = sum_by(codes, money["fen"].to_numpy("int64"), len(bills))
    paid = pd.Series(pd.array(np.clip(paid, 0, net), dtype="Int64"), index=bills.index)
    since = bills["community"].map(payments_since(payments)).astype("datetime64[s]")
    return bills.assign(
        net_due_fen=pd.array(net, dtype="Int64"),
        paid_fen=paid.where(bills["period_start"] >= since),
        outstanding_fen=(net - paid).where(since.notna()),
        counted=True,
    )


def payments_since(payments: pd.DataFrame) -> dict[str, pd.Timestamp]:
    """Return by community the month in which its payment records begin; before it nobody knows what was paid."""
    first = payments.sort_values("paid_at").drop_duplicates("community").set_index("community")["paid_at"]
    return {place: moment.to_period("M").to_timestamp() for place, moment in first.items() if not pd.isna(moment)}


def allocate(bills: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Return payments that meet a bill: `bill_key` ("bill@community"), `paid_at` and signed whole `fen`.

    Prepayments are left out.  A payment without a bill number meets the bill of the same household, item and period start.
    """
    money = payments[~payments["is_prepayment"].fillna(False).astype(bool)]
    ours = ["community", "household", "fee_item", "period_start"]
    named = bills.drop_duplicates(ours).set_index(ours)["bill_id"]
    found = pd.Series(named.reindex(pd.MultiIndex.from_frame(money[ours])).to_numpy(), index=money.index, dtype="str")
    key = money["bill_id"].fillna(found) + "@" + money["community"]
    refund = money["is_refund"].fillna(False).astype(bool)
    amount = money["amount_fen"].astype("int64")
    fen = amount.where(~refund, -amount.abs())
    met = pd.DataFrame({"bill_key": key, "paid_at": money["paid_at"], "fen": fen})
    return met.dropna(subset=["bill_key"])


def accounts(bills: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each household and month of service: `settled` says that nothing is outstanding."""
    month_on = bills["period_start"].dt.to_period("M").dt.to_timestamp().astype("datetime64[s]")
    billed = bills.assign(period_start=month_on)[(bills["net_due_fen"] > 0) & bills["paid_fen"].notna()]
    keys = ["community", "household", "period_start"]
    codes, _ = pd.factorize(pd.MultiIndex.from_frame(billed[keys]))
    rows = billed.drop_duplicates(keys).reset_index(drop=True)
    owed = sum_by(codes, billed["outstanding_fen"].to_numpy("int64"), len(rows))
    return rows.drop(columns=["fee_item"]).assign(settled=pd.array(owed == 0, dtype="boolean"))


def arrears(bills: pd.DataFrame, payments: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Return one row for each bill and month in which it is in arrears: opening_fen, recovered_fen, dated `month_on`.

    A bill is in arrears from the month after its service period ends for as long as money is outstanding.
    """
    money = allocate(bills, payments)
    codes = pd.Index(bills["bill_id"] + "@" + bills["community"]).get_indexer(money["bill_key"])
    net, fen, paid_at = _net_due(bills), money["fen"].to_numpy("int64"), money["paid_at"]
    since = bills["community"].map(payments_since(payments)).astype("datetime64[s]")
    parts = []
    for month in month_range(bills["period_end"].min(), cut.as_of) if len(bills) else []:
        start = pd.Timestamp(f"{month}-01")
        before = np.where(paid_at < start, fen, 0)
        during = np.where((paid_at >= start) & (paid_at < start + pd.DateOffset(months=1)), fen, 0)
        opening = net - np.clip(sum_by(codes, before, len(bills)), 0, net)
        late = (bills["period_end"] < start).to_numpy() & (opening > 0) & (since <= start).to_numpy()
        recovered = np.clip(sum_by(codes, during, len(bills)), 0, opening)
        parts.append(bills[late].assign(month_on=start, opening_fen=opening[late], recovered_fen=recovered[late]))
    columns = {"month_on": "datetime64[s]", "opening_fen": "Int64", "recovered_fen": "Int64"}
    empty = bills.iloc[:0].assign(month_on=pd.NaT, opening_fen=0, recovered_fen=0)
    return pd.concat(parts or [empty], ignore_index=True).astype(columns)


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


def _net_due(bills: pd.DataFrame) -> np.ndarray:
    net = bills["amount_due_fen"] - bills["waiver_fen"].fillna(0) - bills["discount_fen"].fillna(0)
    return net.clip(lower=0).to_numpy("int64")
