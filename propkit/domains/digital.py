"""Digital tools: who uses them, and how much of the reporting and paying goes through them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from propkit.domains.knowledge import only
from propkit.domains.teams import is_over, lived_in
from propkit.model import Column, Cut, Derived, Kpi, Segment, Table
from propkit.text import Text

FUNCTIONS = {
    "all": Text("全部功能", "All functions"),
    "repair": Text("报修", "Repairs"),
    "payment": Text("缴费", "Payments"),
    "complaint": Text("投诉", "Complaints"),
    "enquiry": Text("咨询", "Enquiries"),
    "sign_up": Text("活动报名", "Activity sign-up"),
    "access": Text("门禁通行", "Door access"),
    "visitor": Text("访客预约", "Visitor booking"),
    "other": Text("其他功能", "Other functions"),
}
PAID_ONLINE = ("微信", "支付宝", "公众号", "小程序", "app", "线上", "网上", "云闪付", "wechat", "alipay", "online")
PAID_OTHERWISE = ("现金", "pos", "刷卡", "转账", "支票", "前台", "柜台", "线下", "cash", "transfer", "card", "desk")

# One line for each fact, as in a table.
# fmt: off
USAGE = Table(
    name="digital_usage",
    label=Text("智慧平台使用", "Use of digital tools"),
    columns={
        "month_on": Column("month", label=Text("月份", "Month"), required=True, headers=("月份", "统计月份", "month")),
        "tool": Column("text", label=Text("工具", "Tool"), required=True,
                       headers=("工具", "平台", "平台名称", "应用", "tool")),
        "platform_function": Column("choice", label=Text("功能", "Function"), choices=FUNCTIONS,
                                    headers=("功能", "功能模块", "模块", "function")),
        "registered_households": Column("whole", label=Text("注册户数", "Registered households"), low=0,
                                        headers=("注册户数", "绑定户数", "registered_households")),
        "active_households": Column("whole", label=Text("活跃户数", "Active households"), low=0,
                                    headers=("活跃户数", "使用户数", "active_households")),
        "transactions": Column("whole", label=Text("业务笔数", "Transactions"), low=0,
                               headers=("业务笔数", "交易笔数", "办理笔数", "transactions")),
    },
    key=("community", "month_on", "tool", "platform_function"),
    dated_by="month_on",
)
"""One row for each month, tool and function; without a function the row is for the tool as a whole."""

TABLES = (USAGE,)
DERIVED = (
    Derived("digital_month", of=("digital_usage",), columns={"month_on": Text("月份", "Month")}),
    Derived("digital_function", of=("digital_usage",), columns={"month_on": Text("月份", "Month")}),
    Derived("online_order", of=("work_order",), columns={"reported_at": Text("报修时间", "Reported")}),
    Derived("online_payment", of=("fee_payment",), columns={"paid_at": Text("收款时间", "Paid")}),
)
SEGMENTS = (Segment("platform_function", Text("平台功能", "Platform function"), FUNCTIONS),)

_HOMES = Text(
    "住户取自业主档案（空置除外），没有档案时取申报的户数；是数据日的户数。未结束的月份不计；使用户数多于住户的不计。",
    "Homes come from the register (vacant ones left out), or the declared number where there is none; as at the cut-off. A month that is not over is left out, as is one with more users than homes.",
)

KPIS = (
    Kpi(
        id="digital_adoption_rate",
        label=Text("智慧工具使用率", "Homes using digital tools"),
        top=Text("当月使用过智慧工具的住户（多个工具时取使用户数最多的一个）",
                 "homes that used a digital tool in the month (of several tools the one with most users)"),
        bottom=Text("已入住的住户", "homes lived in"),
        table="digital_month", numerator="active", denominator="homes", better="up", dated_by="month_on", stock=True,
        source="S0:81", note=Text(
            "同一户用两个工具时无法去重，因此各工具不相加，数值是下限。" + _HOMES.zh,
            "A home that uses two tools cannot be told, so tools are not added and the value is a lower bound. " + _HOMES.en),
    ),
    Kpi(
        id="online_platform",
        label=Text("线上平台各功能使用率", "Use of platform functions"),
        top=Text("当月在线上使用该功能的住户（多个工具时取最多的一个）", "homes that used the function online in the month (of several tools the one with most)"),
        bottom=Text("已入住的住户", "homes lived in"),
        table="digital_function", numerator="active", denominator="homes", better="up", dated_by="month_on", stock=True,
        by="platform_function", split_only=True, source="S3:80", note=_HOMES,
    ),
    Kpi(
        id="online_order_share",
        label=Text("线上报修占比", "Orders reported online"),
        top=Text("业主用App或公众号提交的报修", "orders that owners sent through the app"),
        bottom=Text("当期渠道已知的报修（巡检发现、已取消和重复的除外）", "orders of the period whose channel is known (not found by inspection, cancelled or duplicate)"),
        table="online_order", numerator="online", better="up", dated_by="reported_at", source="S0:81",
    ),
    Kpi(
        id="online_payment_share",
        label=Text("线上缴费笔数占比", "Payments made online"),
        top=Text("微信、支付宝、App等线上方式的缴费", "payments by WeChat, Alipay, app or another online way"),
        bottom=Text("当期方式能辨认的缴费（退款除外）", "payments of the period whose way is recognised (no refunds)"),
        table="online_payment", numerator="online", better="up", dated_by="paid_at", source="S0:81",
        note=Text("现金、刷卡、转账、前台计为线下；方式空白或认不出的不计入。到前台扫码付款也记作线上，无法区分。",
                  "Cash, card, transfer and desk are offline; a blank or unknown way is left out. Scanning a code at the desk counts as online: it cannot be told apart."),
    ),
    Kpi(
        id="online_payment_amount_share",
        label=Text("线上缴费金额占比", "Money paid online"),
        top=Text("线上方式收到的金额", "money received online"),
        bottom=Text("当期方式能辨认的实收金额（退款、滞纳金除外）", "money of the period whose way of payment is recognised (no refunds, no penalties)"),
        table="online_payment", numerator="online_fen", denominator="amount_fen", kind="money", better="up",
        dated_by="paid_at", source="S0:81",
    ),
)
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return `digital_usage` and what is read from it and from orders and payments.

    `digital_month` and `digital_function`: one row for each month (and function) with `active` and `homes`;
    `online_order` and `online_payment`: one row for each order and payment with `online`.
    """
    usage = known["digital_usage"]
    function = usage["platform_function"].fillna("all")
    whole = _most(usage[function == "all"], ["community", "month_on"])
    parts = _most(usage[function != "all"], ["community", "month_on", "platform_function"])
    register = known["household"]
    return {
        "digital_usage": usage,
        "digital_month": _among_homes(whole, register, cut),
        "digital_function": _among_homes(parts, register, cut),
        "online_order": _orders(known["work_order"]),
        "online_payment": _payments(known["fee_payment"]),
    }


def _most(usage: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Return for each of `keys` the row of the tool with most users."""
    used = usage.dropna(subset=["active_households"]).sort_values([*keys, "active_households", "tool"])
    return used.drop_duplicates(keys, keep="last")[[*keys, "active_households"]].reset_index(drop=True)


def _among_homes(rows: pd.DataFrame, register: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    sizes = {place: lived_in(register, place, cut) for place in rows["community"].unique()}
    over = [is_over(str(month), cut.as_of) for month in rows["month_on"].dt.to_period("M")]
    homes = rows["community"].map(sizes).astype("Int64")
    fits = (rows["active_households"] <= homes).fillna(False).astype(bool) & np.array(over, dtype=bool)
    return rows.assign(active=rows["active_households"].where(fits), homes=homes)


def _orders(orders: pd.DataFrame) -> pd.DataFrame:
    asked = ~orders["status"].isin(["cancelled", "duplicate"]) & (orders["channel"] != "inspection")
    kept = orders[["community", "household", "building", "category", "fault_type", "urgency", "reported_at"]]
    return kept.assign(online=only(orders["channel"] == "app", asked & orders["channel"].notna()))


def _payments(payments: pd.DataFrame) -> pd.DataFrame:
    way = payments["channel"].fillna("").str.casefold()
    online, otherwise = (way.str.contains("|".join(words)) for words in (PAID_ONLINE, PAID_OTHERWISE))
    refund = payments["is_refund"].fillna(False).astype(bool) | ~(payments["amount_fen"] > 0).fillna(False).astype(bool)
    flag = only(online, (online != otherwise) & ~refund)
    kept = payments[["community", "household", "building", "fee_item", "paid_at", "amount_fen"]]
    return kept.assign(online=flag, online_fen=kept["amount_fen"] * flag.astype("Int64"))
