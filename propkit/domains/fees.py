"""Fees: bills and payments, how payments meet bills, the three collection rates, and what was done about arrears."""

from __future__ import annotations

import numpy as np
import pandas as pd

from propkit.domains.fees_readings import (  # noqa: F401  (the readings are asked for by name)
    AGE_BANDS,
    NONPAY_REASONS,
    READINGS,
    ageing,
    nonpayment_reasons,
    resistance_and_response,
)
from propkit.domains.knowledge import given, only, sum_by
from propkit.domains.payments import (
    allocate,
    bill_keys,
    bill_of,
    met_bills,
    net_due,
    owed_bills,
    paid_on,
    payments_since,
    prepaid,
    signed,
)
from propkit.model import Column, Cut, Derived, Kpi, Note, Segment, Table
from propkit.periods import month_range
from propkit.text import Text

METHODS = {
    "bill": Text("账单派发", "Bill delivered"),
    "visit": Text("上门沟通", "Visit"),
    "phone": Text("电话提醒", "Phone call"),
    "message": Text("短信微信", "Message"),
    "letter": Text("书面催缴", "Written demand"),
    "lawyer": Text("律师函", "Lawyer's letter"),
    "court": Text("诉讼", "Court"),
    "other": Text("其他", "Other"),
}
OUTCOMES = {
    "delivered": Text("已送达", "Delivered"),
    "promised": Text("承诺缴费", "Promised to pay"),
    "paid": Text("当场缴费", "Paid at once"),
    "no_answer": Text("未联系上", "No answer"),
    "disputed": Text("有异议", "Disputed"),
    "refused": Text("拒绝", "Refused"),
    "other": Text("其他", "Other"),
}
PAID_WITHIN_DAYS = 30

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

DUNNING = Table(
    name="dunning_log",
    label=Text("催缴记录", "Dunning log"),
    columns={
        "household": Column("place", label=Text("房号", "Unit"), required=True, headers=("房号", "房屋", "household")),
        "at": Column("instant", label=Text("催缴时间", "Contacted"), required=True,
                     headers=("催缴时间", "催缴日期", "联系时间", "at")),
        "dunning_method": Column("choice", label=Text("催缴方式", "Method"), choices=METHODS, required=True,
                                 headers=("催缴方式", "方式", "method")),
        "dunning_outcome": Column("choice", label=Text("催缴结果", "Outcome"), choices=OUTCOMES,
                                  headers=("催缴结果", "结果", "outcome")),
        "nonpay_reason": Column("choice", label=Text("欠费原因", "Reason for not paying"), choices=NONPAY_REASONS,
                                headers=("欠费原因", "未缴原因", "nonpay_reason")),
    },
    key=("community", "household", "at", "dunning_method"),
    dated_by="at",
)
TABLES = (BILL, PAYMENT, DUNNING)

_PAID = ("fee_bill", "fee_payment")
DERIVED = (
    Derived("fee_bill", of=("fee_payment",)),
    Derived("fee_payment", of=("fee_bill",), columns={"judged_at": Text("收款时间", "Paid")}),
    Derived("fee_account", of=_PAID, columns={"period_start": Text("账期开始", "Start of the billed period")}),
    Derived("arrears", of=_PAID, columns={"month_on": Text("收款月份", "Month of payment")}),
    Derived("dunning_log", needs={"paid_after": _PAID}),
    Derived("dunning_account", of=("dunning_log",), columns={"month_on": Text("催缴月份", "Month of the reminder")}),
)

SEGMENTS = (
    Segment("fee_item", Text("费用项", "Fee item")),
    Segment("arrears_age", Text("账龄", "Age of arrears"), AGE_BANDS),
    Segment("dunning_method", Text("催缴方式", "Dunning method"), METHODS),
    Segment("dunning_outcome", Text("催缴结果", "Outcome of dunning"), OUTCOMES),
    Segment("nonpay_reason", Text("欠费原因", "Reason for not paying"), NONPAY_REASONS),
)

_UNMATCHED = Text(
    "账单号查无此单，或没有账单号而同户、同费用项、同一开始日期没有账单；账单未导出的也在其中。预交不计，退款为负。没有账单的小区、不能与账单对应的导出不判定。",
    "The bill number is not among the bills, or without one there is no bill of that household, item and period start; bills that were not exported are among them. Prepayments are out, refunds negative. Not judged without bills, or where an export cannot be matched.",
)

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
    Kpi(
        id="unmatched_payments",
        label=Text("未对上账单的收款", "Money that meets no bill"),
        top=Text("对不上任何账单的收款金额", "money received that meets no bill"),
        bottom=Text("无（金额）", "none (an amount)"),
        table="fee_payment", numerator="unmatched_fen", kind="count", unit=Text("元", "yuan"), scale=0.01, better="down",
        dated_by="judged_at", source="S0:40", note=_UNMATCHED,
    ),
    Kpi(
        id="unmatched_payment_count",
        label=Text("未对上账单的收款笔数", "Payments that meet no bill"),
        top=Text("对不上任何账单的收款和退款笔数", "payments and refunds that meet no bill"),
        bottom=Text("无（数量）", "none (a count)"),
        table="fee_payment", numerator="unmatched", kind="count", unit=Text("笔", "payments"), scale=1, better="down",
        dated_by="judged_at", source="S0:40", note=_UNMATCHED,
    ),
    Kpi(
        id="dunning_activity",
        label=Text("催缴工作", "Dunning"),
        top=Text("当期催缴次数，按方式", "contacts in the period about unpaid fees, by method"),
        bottom=Text("无（数量）", "none (a count)"),
        table="dunning_log", numerator="contacted", kind="count", unit=Text("次", "contacts"), scale=1,
        dated_by="at", by="dunning_method", source="S1:14",
        note=Text("一户多次各计一次；同户同一时刻同一方式为一次。次数多不等于有效。",
                  "Each contact counts, also several to one household; one moment and method is one contact. More is not by itself better."),
    ),
    Kpi(
        id="dunning_payment_rate",
        label=Text("催缴后30日缴费率", "Paid within 30 days of dunning"),
        top=Text("催缴后30天内在当时欠的账单上有进账的催缴", "contacts followed within 30 days by money on a bill owed at the time"),
        bottom=Text("当期对当时有到期未缴清账单的住户的催缴，且已满30天", "contacts in the period with households that then had a due bill unpaid, at least 30 days before the cut-off"),
        table="dunning_log", numerator="paid_after", better="up", dated_by="at", matures_after=PAID_WITHIN_DAYS,
        by="dunning_method", source="S1:14",
        note=Text("到期以应缴日期为准，没有则以费用开始日为准；部分缴费也算。同一笔缴费可跟在几次催缴之后，先后不等于因果；缴费记录开始之前的催缴不判定。",
                  "Due on the due day, or else when the period starts; part payment counts. One payment may follow several contacts, and after is not because of; contacts before the payment records begin are not judged."),
    ),
    Kpi(
        id="nonpayment_uncoded_rate",
        label=Text("欠费原因未登记率", "No reason registered"),
        top=Text("当月催缴过而没有登记欠费原因的住户", "households contacted in the month without any reason registered"),
        bottom=Text("当月催缴过的住户（跨月按户·月计）", "households contacted in the month (household-months over several months)"),
        table="dunning_account", numerator="uncoded", better="down", dated_by="month_on", source="S1:38",
        note=Text("导出里没有原因一栏的不计。", "Records of an export without that column are left out."),
    ),
)
DURATIONS = ()
NOTES = (Note("special_fee_cases", Text("特殊收费情况", "Special cases of fees"), "S1:14"),)
# fmt: on


def derive(bills: pd.DataFrame, payments: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add to bills what was paid on them by `cut.as_of`, in fen.

    net_due_fen (due − waiver − discount, at least 0), paid_fen (0..net_due_fen; missing for months before the payment records
    begin) and outstanding_fen (missing where a community has no payment records at all).
    """
    net = net_due(bills)
    paid = np.clip(paid_on(bills, allocate(bills, payments)), 0, net)
    paid = pd.Series(pd.array(paid, dtype="Int64"), index=bills.index)
    since = bills["community"].map(payments_since(payments)).astype("datetime64[s]")
    return bills.assign(
        net_due_fen=pd.array(net, dtype="Int64"),
        paid_fen=paid.where(bills["period_start"] >= since),
        outstanding_fen=(net - paid).where(since.notna()),
        counted=True,
    )


def receipts(bills: pd.DataFrame, payments: pd.DataFrame) -> pd.DataFrame:
    """Add to payments whether they meet a bill: `unmatched`, unmatched_fen (0 where they do), and `judged_at`.

    All three are missing for prepayments, in communities without bills, and where an export has neither the bill number
    nor the household and period start by which a bill could be found.
    """
    matchable = given(payments, "household") & given(payments, "period_start")
    judged = ~prepaid(payments) & payments["community"].isin(bills["community"].unique())
    judged &= given(payments, "bill_id") | matchable
    unmatched = ~bill_of(bills, payments).isin(bill_keys(bills))
    return payments.assign(
        unmatched=only(unmatched, judged).astype("Int64"),
        unmatched_fen=signed(payments).where(unmatched, 0).astype("Int64").where(judged),
        judged_at=payments["paid_at"].where(judged),
    )


def dunning(rows: pd.DataFrame, bills: pd.DataFrame, payments: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add to contacts `contacted` (one for each) and `paid_after` (missing before it is mature, or where nothing was owed)."""
    wait = pd.Timedelta(days=PAID_WITHIN_DAYS)
    money = met_bills(bills, payments)
    owed = owed_bills(rows, bills, money)
    met = owed.merge(money[money["fen"] > 0], on="bill")
    met = met[(met["paid_at"] >= met["at"]) & (met["paid_at"] <= met["at"] + wait)]
    since = rows["community"].map(payments_since(payments)).astype("datetime64[s]")
    judged = rows.index.isin(owed["asked"]) & (rows["at"] + wait <= cut.as_of) & (rows["at"] >= since)
    return rows.assign(
        contacted=pd.Series(1, index=rows.index, dtype="Int64"),
        paid_after=only(pd.Series(rows.index.isin(met["asked"]), index=rows.index), judged),
    )


def dunned(rows: pd.DataFrame) -> pd.DataFrame:
    """Return one row for each household and month of contact: `uncoded` says that no contact has a reason for not paying."""
    told = rows[given(rows, "nonpay_reason")]
    month_on = told["at"].dt.to_period("M").dt.to_timestamp().astype("datetime64[s]")
    named = told.assign(month_on=month_on, uncoded=told["nonpay_reason"].isna().astype("boolean"))
    homes = ["community", "household", "month_on"]
    ours = [*homes, *(name for name in ("building",) if name in rows), "uncoded"]
    return named.sort_values([*homes, "uncoded"])[ours].drop_duplicates(homes, ignore_index=True)


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
    codes = pd.Index(bill_keys(bills)).get_indexer(money["bill_key"])
    net, fen, paid_at = net_due(bills), money["fen"].to_numpy("int64"), money["paid_at"]
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
