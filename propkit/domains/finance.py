"""Money of the community: the fee account and public revenue, two ledgers that never mix, and utilities."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from propkit.domains.finance_readings import (  # noqa: F401  (the readings are asked for by name)
    METERS,
    READINGS,
    fee_account_disclosure,
    innovation_energy_safety_highlights,
    public_revenue_statement,
)
from propkit.domains.knowledge import given, met_by
from propkit.model import Column, Cut, Derived, Kpi, Note, Segment, Table
from propkit.text import Text

SIDES = {
    "income": Text("收入", "Income"),
    "expense": Text("支出", "Expense"),
    "opening": Text("期初余额", "Opening balance"),
    "closing": Text("期末余额", "Closing balance"),
}
ENTRIES = {
    "opening": Text("期初余额", "Opening balance"),
    "income": Text("收入", "Income"),
    "cost": Text("成本", "Cost"),
    "use": Text("支用", "Use"),
    "deposit": Text("押金", "Deposit"),
    "closing": Text("期末余额", "Closing balance"),
}
ENERGY = {"power": 36, "gas": 360, "heat": 10_000}
"""Tenths of a megajoule in a kWh of electricity, a cubic metre of gas (an assumed 36 MJ) and a gigajoule of heat."""

# One line for each fact, as in a table.
# fmt: off
LEDGER = Table(
    name="ledger",
    label=Text("物业费收支账", "Fee account"),
    columns={
        "month_on": Column("month", planned=True, label=Text("月份", "Month"), required=True,
                           headers=("月份", "会计期间", "所属月份", "month")),
        "side": Column("choice", label=Text("收支", "Side"), choices=SIDES, required=True,
                       headers=("收支", "收支类别", "收支方向", "side")),
        "account": Column("text", label=Text("科目", "Account"), required=True,
                          headers=("科目", "会计科目", "收支科目", "account")),
        "budget_fen": Column("money", label=Text("预算金额", "Budget"), low=0,
                             headers=("预算金额", "预算", "预算数", "budget")),
        "actual_fen": Column("money", label=Text("实际金额", "Actual"),
                             headers=("实际金额", "实际", "实际数", "实际发生额", "actual")),
        "published_on": Column("day", label=Text("公示日期", "Published"),
                               headers=("公示日期", "公示时间", "published_on", "published_at")),
        "publish_due_on": Column("day", planned=True, label=Text("应公示日期", "Publication due"),
                                 headers=("应公示日期", "公示期限", "publish_due_on")),
    },
    key=("community", "month_on", "side", "account"),
    dated_by="month_on",
)
"""One line for each month and account; budgets may run ahead.  `opening` and `closing` state the balance of the account at
the start of the month and at its end."""

PUBLIC = Table(
    name="public_revenue",
    label=Text("公共收益账", "Public revenue"),
    columns={
        "entry_id": Column("id", label=Text("流水号", "Entry id"), required=True,
                           headers=("流水号", "记录编号", "凭证号", "entry_id")),
        "booked_on": Column("day", label=Text("记账日期", "Booked"), required=True,
                            headers=("记账日期", "日期", "发生日期", "date", "booked_on")),
        "revenue_source": Column("text", label=Text("收益来源", "Source"),
                                 headers=("收益来源", "来源", "收益项目", "source")),
        "entry_direction": Column("choice", label=Text("收支类型", "Direction"), choices=ENTRIES, required=True,
                                  headers=("收支类型", "收支方向", "方向", "direction")),
        "amount_fen": Column("money", label=Text("金额", "Amount"), required=True, headers=("金额", "amount")),
        "used_for": Column("text", label=Text("用途", "Used for"), headers=("用途", "使用用途", "支用用途", "use")),
        "published_on": Column("day", label=Text("公示日期", "Published"),
                               headers=("公示日期", "公示时间", "published_on", "published_at")),
        "publish_due_on": Column("day", planned=True, label=Text("应公示日期", "Publication due"),
                                 headers=("应公示日期", "公示期限", "publish_due_on")),
    },
    key=("community", "entry_id"),
    identity=("booked_on", "entry_direction"),
    dated_by="booked_on",
)
"""Amounts are positive, corrections negative.  A deposit is money held for others, never income; one given back is negative.
`opening` and `closing` state the balance, without deposits, at the start of that day and at its end."""

UTILITY = Table(
    name="utility",
    label=Text("能耗台账", "Utilities"),
    columns={
        "month_on": Column("month", planned=True, label=Text("月份", "Month"), required=True,
                           headers=("月份", "抄表月份", "用能月份", "month")),
        "meter": Column("choice", label=Text("能源类型", "Meter"), choices=METERS, required=True,
                        headers=("能源类型", "能耗类型", "表类", "meter")),
        "meter_point": Column("text", label=Text("计量点", "Metering point"),
                              headers=("计量点", "表具", "表号", "用能部位", "meter_point")),
        "quantity_milli": Column("decimal", label=Text("用量（度、吨、立方米、吉焦）", "Quantity (kWh, m³, GJ)"), low=0,
                                 headers=("用量", "本月用量", "能耗量", "quantity")),
        "cost_fen": Column("money", label=Text("费用", "Cost"), headers=("费用", "本月费用", "能耗费用", "cost")),
        "baseline_quantity_milli": Column("decimal", label=Text("基准用量", "Baseline quantity"), low=0,
                                          headers=("基准用量", "基准", "去年同期用量", "baseline_quantity")),
    },
    key=("community", "month_on", "meter", "meter_point"),
    dated_by="month_on",
)
TABLES = (LEDGER, PUBLIC, UTILITY)

_DUE = {"publish_due_on": Text("公示期限", "To be published by")}
DERIVED = (
    Derived("ledger", columns={"budgeted_on": Text("月份", "Month"), "compared_on": Text("月份", "Month")}),
    Derived("ledger_statement", of=("ledger",), columns=_DUE),
    Derived("public_statement", of=("public_revenue",), columns=_DUE),
)

SEGMENTS = (
    Segment("account", Text("科目", "Account")),
    Segment("revenue_source", Text("收益来源", "Source of public revenue")),
    Segment("meter", Text("能源类型", "Meter"), METERS),
)

_YUAN = Text("元", "yuan")
_WHOLE_MONTHS = Text("只计数据日前已过完的月份。", "Only months that were over at the cut-off count.")
_SAME_ACCOUNT = Text(
    "只比较两年同月都有记录的同一科目；价格、面积、服务范围和一次性支出的变化未剔除。水电另见分表的用量和费用，不与本数相加。",
    "Only an account booked in both months is compared; changes of price, area, scope and single payments are not taken out. Meters are compared apart and not added to this.",
)
_BASE = Text(
    "基准为台账给出的基准用量，没有则为同一计量点上年同月的用量；视面积不变，未按气温、入住率修正；只计已过完的月份。",
    "The baseline is the one that the register gives, else the same point's quantity in that month a year ago; floor area is taken as unchanged, weather and occupancy are not allowed for; only months that were over.",
)
_PUBLISHED = Text(
    "期限由台账给出，没有期限的不判定；同一期限的各笔为一份，全部公示才算公示；期限日当天公示为按时，期限日过完才判定。",
    "The due day is what the register gives, without one nothing is judged; lines due on one day are one statement, published when all of them are; the due day itself is in time and must be over.",
)

KPIS = (
    Kpi(
        id="budget_variance",
        label=Text("预算偏差率", "Budget variance"),
        top=Text("支出科目的实际金额减预算金额", "actual less budget of the expense accounts"),
        bottom=Text("同一些科目的预算金额", "budget of the same accounts"),
        table="ledger", numerator="variance_fen", denominator="budgeted_fen", kind="money", better="down",
        dated_by="month_on", by="account", source="S1:39",
        note=Text("正数为超支。预算或实际空白的科目不计；预算为零而有支出的计入差额。低于预算也可能是该做的没有做。" + _WHOLE_MONTHS.zh,
                  "Above zero is overspent. An account with a blank budget or actual is left out; spending on a budget of zero counts. Below budget may also mean work not done. " + _WHOLE_MONTHS.en),
    ),
    Kpi(
        id="budget_variance_amount",
        label=Text("预算偏差额", "Budget variance, amount"),
        top=Text("支出科目的实际金额减预算金额", "actual less budget of the expense accounts"),
        bottom=Text("无（金额）", "none (an amount)"),
        table="ledger", numerator="variance_fen", kind="count", unit=_YUAN, scale=0.01, better="down",
        dated_by="budgeted_on", by="account", source="S1:22,39", note=_WHOLE_MONTHS,
    ),
    Kpi(
        id="cost_savings",
        label=Text("成本节约率（同比）", "Cost savings on last year"),
        top=Text("上年同月实际支出减本月实际支出", "actual expense of the same month last year less that of the month"),
        bottom=Text("上年同月实际支出", "actual expense of the same month last year"),
        table="ledger", numerator="saved_fen", denominator="last_year_fen", kind="money", better="up", explained=True,
        dated_by="month_on", by="account", source="S1:22",
        note=Text(_SAME_ACCOUNT.zh + "与预算之比见预算偏差率。" + _WHOLE_MONTHS.zh,
                  _SAME_ACCOUNT.en + " Against the budget, see the budget variance. " + _WHOLE_MONTHS.en),
    ),
    Kpi(
        id="cost_savings_amount",
        label=Text("成本节约额（同比）", "Cost savings on last year, amount"),
        top=Text("上年同月实际支出减本月实际支出", "actual expense of the same month last year less that of the month"),
        bottom=Text("无（金额）", "none (an amount)"),
        table="ledger", numerator="saved_fen", kind="count", unit=_YUAN, scale=0.01, better="up",
        dated_by="compared_on", by="account", source="S1:22", note=_SAME_ACCOUNT,
    ),
    Kpi(
        id="energy_saving_rate",
        label=Text("节能率", "Energy saved"),
        top=Text("基准用能减实际用能（电、气、热，折成兆焦）", "baseline less actual energy (electricity, gas and heat, in megajoules)"),
        bottom=Text("基准用能", "baseline energy"),
        table="utility", numerator="energy_saved", denominator="energy_base", kind="money", better="up",
        dated_by="month_on", by="meter", source="S0:46",
        note=Text("1度电=3.6兆焦，1吉焦热=1000兆焦，1立方米气按36兆焦（假定）；按能源类型看时折算相抵。水不是能源，另计。" + _BASE.zh,
                  "1 kWh = 3.6 MJ, 1 GJ of heat = 1,000 MJ, 1 m³ of gas is taken as 36 MJ (an assumption); split by meter the factors cancel. Water is no energy and has its own rate. " + _BASE.en),
    ),
    Kpi(
        id="water_saving_rate",
        label=Text("节水率", "Water saved"),
        top=Text("基准用水减实际用水", "baseline less actual water"),
        bottom=Text("基准用水", "baseline water"),
        table="utility", numerator="water_saved", denominator="water_base", kind="money", better="up",
        dated_by="month_on", source="S1:22", note=_BASE,
    ),
    Kpi(
        id="utility_cost_savings",
        label=Text("能耗费用节约率（同比）", "Utility cost saved on last year"),
        top=Text("上年同月费用减本月费用", "cost of the same month last year less that of the month"),
        bottom=Text("上年同月费用", "cost of the same month last year"),
        table="utility", numerator="cost_saved_fen", denominator="last_cost_fen", kind="money", better="up",
        dated_by="month_on", by="meter", source="S1:22",
        note=Text("同一计量点两年同月都有费用才比较；含价格变化。" + _WHOLE_MONTHS.zh,
                  "Compared where the same point has a cost in both months; prices are in it. " + _WHOLE_MONTHS.en),
    ),
    Kpi(
        id="fee_account_on_time_rate",
        label=Text("物业费收支公示及时率", "Fee account published on time"),
        top=Text("在期限前公示的收支表", "statements published by the day due"),
        bottom=Text("当期到公示期限的收支表", "statements of the fee account due in the period"),
        table="ledger_statement", numerator="on_time", better="up", dated_by="publish_due_on", source="S3:56", note=_PUBLISHED,
    ),
    Kpi(
        id="public_revenue_on_time_rate",
        label=Text("公共收益公示及时率", "Public revenue published on time"),
        top=Text("在期限前公示的公共收益表", "statements published by the day due"),
        bottom=Text("当期到公示期限的公共收益表", "statements of public revenue due in the period"),
        table="public_statement", numerator="on_time", better="up", dated_by="publish_due_on", source="S3:57", note=_PUBLISHED,
    ),
    Kpi(
        id="public_revenue_income",
        label=Text("公共收益收入", "Public revenue received"),
        top=Text("当期记账的公共收益收入（未扣成本，不含押金）", "public revenue booked as income in the period, before costs, without deposits"),
        bottom=Text("无（金额）", "none (an amount)"),
        table="public_revenue", numerator="income_fen", kind="count", unit=_YUAN, scale=0.01, better="up",
        dated_by="booked_on", by="revenue_source", source="S3:57",
        note=Text("属于全体业主，单独列账，从不计入物业费收入或收缴率。", "It belongs to all owners, has its own account, and is never part of fee income or of a collection rate."),
    ),
)
DURATIONS = ()
NOTES = (Note("third_party_audit", Text("第三方审计", "Third-party audit"), "S3:58"),)
# fmt: on


def derive(known: Mapping[str, pd.DataFrame], cut: Cut) -> dict[str, pd.DataFrame]:
    """Return `ledger`, `public_revenue` and `utility` with the columns that the KPIs name, and the statements due.

    `ledger_statement` and `public_statement` have one row for each day on which something was due for publication.
    """
    ledger = _ledger(known["ledger"], cut)
    public = known["public_revenue"]
    income = public["amount_fen"].where(public["entry_direction"] == "income")
    return {
        "ledger": ledger,
        "public_revenue": public.assign(income_fen=income.astype("Int64")),
        "utility": _utility(known["utility"], cut),
        "ledger_statement": statements(ledger[ended(ledger["month_on"], cut.as_of)], cut.as_of),
        "public_statement": statements(public, cut.as_of),
    }


def ended(months: pd.Series, as_of: pd.Timestamp) -> pd.Series:
    """Say which months (their first days) were over at `as_of`: before that their sums are not the month's."""
    return months + pd.DateOffset(months=1) <= as_of + pd.Timedelta(seconds=1)


def statements(rows: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return one row for each community and day of publication due: `on_time`, missing until that day is over.

    A statement is published when every line of it is; files without a day of publication say nothing.
    """
    keys = ["community", "publish_due_on"]
    told = rows[rows["publish_due_on"].notna() & given(rows, "published_on")]
    last = told.sort_values("published_on", na_position="last").drop_duplicates(keys, keep="last")
    last = last[[*keys, "published_on"]].sort_values(keys, ignore_index=True)
    until = last["publish_due_on"] + pd.Timedelta(days=1) - pd.Timedelta(seconds=1)
    return last.assign(on_time=met_by(until, last["published_on"], as_of))


def _ledger(rows: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add booked_fen (the actual, once the month is over), and for expenses the variance and what was saved, in fen."""
    booked = rows["actual_fen"].where(ended(rows["month_on"], cut.as_of))
    spent = booked.where(rows["side"] == "expense")
    before = _year_before(rows, ["community", "side", "account"], "actual_fen")
    variance, saved = spent - rows["budget_fen"], before - spent
    return rows.assign(
        booked_fen=booked,
        variance_fen=variance,
        budgeted_fen=rows["budget_fen"].where(variance.notna()),
        budgeted_on=rows["month_on"].where(variance.notna()),
        saved_fen=saved,
        last_year_fen=before.where(saved.notna()),
        compared_on=rows["month_on"].where(saved.notna()),
    )


def _utility(rows: pd.DataFrame, cut: Cut) -> pd.DataFrame:
    """Add base_milli, saved_milli and cost_saved_fen of each point, energy in tenths of a megajoule, and water."""
    over = ended(rows["month_on"], cut.as_of)
    point = ["community", "meter", "meter_point"]
    base = rows["baseline_quantity_milli"].fillna(_year_before(rows, point, "quantity_milli"))
    saved = (base - rows["quantity_milli"]).where(over)
    base, before = base.where(saved.notna()), _year_before(rows, point, "cost_fen")
    cost_saved = (before - rows["cost_fen"]).where(over)
    factor = rows["meter"].map(ENERGY).astype("Int64")
    return rows.assign(
        base_milli=base,
        saved_milli=saved,
        energy_saved=saved * factor,
        energy_base=base * factor,
        water_saved=saved.where(rows["meter"] == "water"),
        water_base=base.where(rows["meter"] == "water"),
        cost_saved_fen=cost_saved,
        last_cost_fen=before.where(cost_saved.notna()),
    )


def _year_before(rows: pd.DataFrame, keys: list[str], column: str) -> pd.Series:
    """Return `column` of the row with the same `keys` in the same month a year ago; missing where there is none."""
    named = [*keys, "month_on"]
    past = rows[named].assign(month_on=(rows["month_on"] + pd.DateOffset(years=1)).astype("datetime64[s]"))
    first = ~past.duplicated()
    at = pd.MultiIndex.from_frame(past[first]).get_indexer(pd.MultiIndex.from_frame(rows[named]))
    found = rows.loc[first, column].array.take(at, allow_fill=True)
    return pd.Series(found, index=rows.index, dtype="Int64")
