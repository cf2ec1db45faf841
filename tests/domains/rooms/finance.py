"""finance and what was added to fees: worked examples, random rows, and a slow recomputation."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from tests.examples import Example, ReadExample, at, bill, payment

Row = dict[str, Any]
Mark = tuple[str, Row, datetime | None, int, int, int]


def month(text: str) -> datetime:
    """Read "2025-09"."""
    return datetime.strptime(text, "%Y-%m")


def line(when: str, side: str, account: str, actual: int | None, **columns: Any) -> Row:
    """One line of the fee account."""
    head = {"community": "a", "month_on": month(when), "side": side, "account": account, "actual_fen": actual}
    return head | columns


def entry(number: int, day: str, direction: str, fen: int, **columns: Any) -> Row:
    """One entry of public revenue; `day` is of 2025."""
    head = {"community": "a", "entry_id": f"e{number}", "booked_on": at(day), "entry_direction": direction}
    return head | {"amount_fen": fen} | columns


def used(when: str, meter: str, quantity: int | None, **columns: Any) -> Row:
    """One month of a meter; `quantity` in thousandths."""
    return {"community": "a", "month_on": month(when), "meter": meter, "quantity_milli": quantity} | columns


def contact(home: str, when: str, method: str = "phone", **columns: Any) -> Row:
    given = {"given": "household,at,dunning_method,nonpay_reason"}
    return {"community": "a", "household": home, "at": at(when), "dunning_method": method} | given | columns


_DUE = {"publish_due_on": at("09-15")}

# Budgets and actuals of September and of the September before, in fen.
_ACCOUNTS = (
    line("2025-09", "expense", "保洁", 11_000, budget_fen=10_000),
    line("2025-09", "expense", "绿化", 4_000, budget_fen=5_000),
    line("2025-09", "expense", "抢修", 700, budget_fen=0),
    line("2025-09", "expense", "保安", 9_000),
    line("2025-09", "expense", "培训", None, budget_fen=800),
    line("2025-09", "income", "物业费", 50_000, budget_fen=45_000),
    line("2025-08", "expense", "保洁", 9_000, budget_fen=10_000),
    line("2024-09", "expense", "保洁", 12_000),
    line("2024-09", "expense", "绿化", 3_500),
    line("2024-09", "expense", "门岗", 8_000),
    line("2024-09", "income", "物业费", 48_000),
    line("2025-10", "expense", "保洁", 5_000, budget_fen=10_000),
)

# o: at h1 b1 (10.00, due 09-01) was unpaid on 09-02 and paid 30 days later to the second; h2's b2 was paid a second too
# late; h3 had paid before; h4 owed nothing that was due; h5's contact is not 30 days old.
_CONTACTS = (
    contact("h1", "09-02", "phone"),
    contact("h2", "09-02", "visit"),
    contact("h3", "09-02"),
    contact("h4", "09-02"),
    contact("h5", "10-02"),
    contact("h1", "08-31", "letter"),
)
_DUNNED = {
    "dunning_log": list(_CONTACTS),
    "fee_bill": [
        bill(1, 1_000),
        bill(2, 1_000),
        bill(3, 1_000),
        bill(4, 1_000, due_on=at("09-03")),
        bill(5, 1_000),
    ],
    "fee_payment": [
        payment(1, "10-02", 400, bill_id="b1"),
        payment(2, "10-02 00:01", 1_000, bill_id="b2"),
        payment(3, "09-01", 1_000, bill_id="b3"),
        payment(4, "09-10", 1_000, bill_id="b4"),
        payment(5, "10-05", 1_000, bill_id="b5"),
    ],
}

# p1 names b1, p2 meets b2 by household and period: both fit.  p3 names a bill that is not there (5.00), p4 names none and
# fits none (3.00), p5 gives 1.00 of p4 back, p6 is a prepayment, p7 came in October.
_MONEY = {
    "fee_bill": [bill(1, 1_000), bill(2, 1_000)],
    "fee_payment": [
        payment(1, "09-05", 1_000, bill_id="b1"),
        payment(2, "09-05", 1_000, household="h2", period_start="09-01"),
        payment(3, "09-06", 500, bill_id="b9"),
        payment(4, "09-07", 300, household="h1", period_start="08-01"),
        payment(5, "09-08", 100, household="h1", is_refund=True),
        payment(6, "09-09", 5_000, household="h1", is_prepayment=True),
        payment(7, "10-01", 50, bill_id="b9"),
    ],
}

EXAMPLES = {
    # September's expenses with budget and actual: 110.00 of 100.00, 40.00 of 50.00 and 7.00 of nothing: 10.00 − 10.00 +
    # 7.00 = 7.00 over 150.00.  保安 has no budget, 培训 no actual, 物业费 is income.
    "budget_variance": Example({"ledger": list(_ACCOUNTS)}, 700, 15_000),
    # The same 7.00, over three accounts.
    "budget_variance_amount": Example({"ledger": list(_ACCOUNTS)}, 700, 3),
    # Booked in both Septembers: 保洁 120.00 then, 110.00 now; 绿化 35.00 then, 40.00 now: 5.00 saved of 155.00.  门岗 is
    # gone, 抢修 and 保安 are new, 物业费 is income.
    "cost_savings": Example({"ledger": list(_ACCOUNTS)}, 500, 15_500),
    # Without 绿化: 10.00 less than last year, one account.
    "cost_savings_amount": Example({"ledger": [row for row in _ACCOUNTS if row["account"] != "绿化"]}, 1_000, 1),
    # Electricity: 100 kWh a year ago, 90 now: 10 kWh = 36 MJ of 360.  Heat: the register's baseline of 2 GJ, 1.5 used: 500
    # MJ of 2000 (last year's 9 GJ do not matter).  Gas has no baseline, water is no energy: 536.0 of 2360.0 MJ in tenths,
    # and quantities are in thousandths.
    "energy_saving_rate": Example(
        {
            "utility": [
                used("2024-09", "power", 100_000),
                used("2025-09", "power", 90_000),
                used("2024-09", "heat", 9_000),
                used("2025-09", "heat", 1_500, baseline_quantity_milli=2_000),
                used("2025-09", "gas", 5_000),
                used("2024-09", "water", 7_000),
                used("2025-09", "water", 6_000),
            ]
        },
        5_360_000, 23_600_000,
    ),
    # Two points: the pool used 8 m³ after 10, the garden 5 after 4: 1 of 14.  The new point has no year before it.
    "water_saving_rate": Example(
        {
            "utility": [
                used("2024-09", "water", 10_000, meter_point="水池"),
                used("2024-09", "water", 4_000, meter_point="绿化"),
                used("2025-09", "water", 8_000, meter_point="水池"),
                used("2025-09", "water", 5_000, meter_point="绿化"),
                used("2025-09", "water", 3_000),
                used("2024-09", "power", 3_000),
                used("2025-09", "power", 1_000),
            ]
        },
        1_000, 14_000,
    ),
    # Electricity cost 80.00 and 70.00 a year later; water has no cost now; gas is new: 10.00 of 80.00.
    "utility_cost_savings": Example(
        {
            "utility": [
                used("2024-09", "power", None, cost_fen=8_000),
                used("2025-09", "power", None, cost_fen=7_000),
                used("2024-09", "water", 1_000, cost_fen=500),
                used("2025-09", "water", 1_000),
                used("2025-09", "gas", 1_000, cost_fen=900),
            ]
        },
        1_000, 8_000,
    ),
    # Due in September: the statement of 09-15 was out that day; the one of 09-30 has one line published two days late; the
    # one of 09-20 was never published: 1 of 3.  10-31 is over at the cut-off but belongs to October; one line has no due day.
    "fee_account_on_time_rate": Example(
        {
            "ledger": [
                line("2025-07", "income", "物业费", 100, published_on=at("09-15"), **_DUE),
                line("2025-07", "expense", "保洁", 90, published_on=at("09-10"), **_DUE),
                line("2025-08", "income", "物业费", 100, published_on=at("09-29"), publish_due_on=at("09-30")),
                line("2025-08", "expense", "保洁", 90, published_on=at("10-02"), publish_due_on=at("09-30")),
                line("2025-06", "income", "物业费", 100, publish_due_on=at("09-20")),
                line("2025-05", "income", "物业费", 100, publish_due_on=at("10-31")),
                line("2025-04", "income", "物业费", 100, published_on=at("05-20")),
            ]
        },
        1, 3,
    ),
    # 09-15 in time, 09-30 not published: 1 of 2.
    "public_revenue_on_time_rate": Example(
        {
            "public_revenue": [
                entry(1, "08-01", "income", 900, published_on=at("09-14"), **_DUE),
                entry(2, "08-05", "use", 100, published_on=at("09-15"), **_DUE),
                entry(3, "09-05", "income", 100, publish_due_on=at("09-30")),
            ]
        },
        1, 2,
    ),
    # 9.00 and 1.00 less a correction of 0.50; neither the cost nor the deposit nor the balance is income.
    "public_revenue_income": Example(
        {
            "public_revenue": [
                entry(1, "09-01", "opening", 70_000),
                entry(2, "09-02", "income", 900),
                entry(3, "09-30", "income", 100),
                entry(4, "09-30", "income", -50),
                entry(5, "09-05", "cost", 200),
                entry(6, "09-06", "deposit", 3_000),
                entry(7, "10-01", "income", 40),
            ]
        },
        950, 3,
    ),
    # Four contacts in September: the fifth is of October, the sixth of August.
    "dunning_activity": Example(_DUNNED, 4, 4),
    # Of September's contacts h1 and h2 owed a due bill: h1 paid a part exactly 30 days later, h2 a minute after that: 1 of
    # 2.  h3 had paid, h4's bill was not due yet.
    "dunning_payment_rate": Example(_DUNNED, 1, 2),
    # h1: a reason with the second of its contacts; h2: none; h3: none, twice: 2 of 3.  h4's export has no such column.
    "nonpayment_uncoded_rate": Example(
        {
            "dunning_log": [
                contact("h1", "09-01"),
                contact("h1", "09-09", nonpay_reason="service"),
                contact("h2", "09-01", "visit"),
                contact("h3", "09-01"),
                contact("h3", "09-02"),
                contact("h4", "09-02", given="household,at,dunning_method"),
                contact("h2", "10-01", nonpay_reason="vacant"),
            ]
        },
        2, 3,
    ),
    # 5.00 + 3.00 − 1.00; five payments of September are judged.
    "unmatched_payments": Example(_MONEY, 700, 5),
    # p3, p4 and p5.
    "unmatched_payment_count": Example(_MONEY, 3, 5),
}  # fmt: skip

_FEE_ACCOUNT = (
    line("2025-08", "closing", "余额", 1_000),
    line("2025-09", "opening", "余额", 1_000),
    line("2025-09", "income", "物业费", 9_000, published_on=at("10-20"), publish_due_on=at("10-15")),
    line("2025-09", "income", "停车费", 2_000, published_on=at("10-20"), publish_due_on=at("10-15")),
    line("2025-09", "expense", "保洁", 3_000),
    line("2025-09", "expense", "保安", 6_000),
    line("2025-09", "closing", "余额", 2_900),
)

READ = {
    # 10.00 + 110.00 − 90.00 = 30.00; 29.00 is stated, so 1.00 is missing.  The income was published five days late, the
    # other lines, which have no due day, not at all.
    "fee_account_disclosure": ReadExample(
        {"ledger": list(_FEE_ACCOUNT)},
        [
            {"part": "opening", "on": at("09-01"), "fen": 1_000},
            {"part": "income", "name": "物业费", "fen": 9_000, "net_fen": 9_000},
            {"part": "income", "name": "停车费", "fen": 2_000, "net_fen": 2_000},
            {"part": "cost", "name": "保安", "fen": 6_000, "net_fen": -6_000},
            {"part": "cost", "name": "保洁", "fen": 3_000, "net_fen": -3_000},
            {"part": "closing", "on": at("09-30"), "fen": 3_000},
            {"part": "stated", "on": at("09-30"), "fen": 2_900},
            {"part": "difference", "on": at("09-30"), "fen": -100},
            {"part": "published", "on": at("10-20"), "days_late": 5},
            {"part": "unpublished"},
        ],
    ),
    # The quarter opens with what July states; 50.00 + 20.00 + 7.00 − 5.00 − 30.00 = 42.00, as stated on the last day.  The
    # deposit of 10.00, of which 4.00 went back, stands apart.  Published two days early.
    "public_revenue_statement": ReadExample(
        {
            "public_revenue": [
                entry(1, "07-01", "opening", 5_000, published_on=at("10-29"), publish_due_on=at("10-31")),
                entry(2, "07-09", "income", 2_000, revenue_source="电梯广告", published_on=at("10-29"),
                      publish_due_on=at("10-31")),
                entry(3, "08-09", "income", 700, revenue_source="场地租赁", published_on=at("10-29"),
                      publish_due_on=at("10-31")),
                entry(4, "08-09", "cost", 500, revenue_source="电梯广告", published_on=at("10-29"),
                      publish_due_on=at("10-31")),
                entry(5, "09-02", "use", 3_000, revenue_source="电梯广告", used_for="补充维修资金",
                      published_on=at("10-29"), publish_due_on=at("10-31")),
                entry(6, "09-03", "deposit", 1_000, revenue_source="装修押金", published_on=at("10-29"),
                      publish_due_on=at("10-31")),
                entry(7, "09-20", "deposit", -400, revenue_source="装修押金", published_on=at("10-29"),
                      publish_due_on=at("10-31")),
                entry(8, "09-30", "closing", 4_200, published_on=at("10-29"), publish_due_on=at("10-31")),
            ]
        },
        [
            {"part": "opening", "on": at("07-01"), "fen": 5_000},
            {"part": "income", "name": "电梯广告", "fen": 2_000, "net_fen": 2_000},
            {"part": "income", "name": "场地租赁", "fen": 700, "net_fen": 700},
            {"part": "cost", "name": "电梯广告", "fen": 500, "net_fen": -500},
            {"part": "use", "name": "补充维修资金", "fen": 3_000, "net_fen": -3_000},
            {"part": "closing", "on": at("09-30"), "fen": 4_200},
            {"part": "stated", "on": at("09-30"), "fen": 4_200},
            {"part": "deposit", "name": "装修押金", "fen": 600},
            {"part": "published", "on": at("10-29"), "days_late": 0},
        ],
        period="2025Q3",
    ),
    # Electricity: two months, 100 + 80 kWh after 120 + 90, 10.00 cheaper in the month whose cost is known twice.  Water is
    # compared with its given baseline; gas has nothing to be compared with.
    "innovation_energy_safety_highlights": ReadExample(
        {
            "utility": [
                used("2024-08", "power", 120_000, cost_fen=9_000),
                used("2024-09", "power", 90_000),
                used("2025-08", "power", 100_000, cost_fen=8_000),
                used("2025-09", "power", 80_000, cost_fen=7_000),
                used("2025-09", "water", 5_000, baseline_quantity_milli=4_000),
                used("2025-09", "gas", 1_000),
            ]
        },
        [
            {"meter": "power", "months": 2, "quantity_milli": 180_000, "base_milli": 210_000, "saved_milli": 30_000,
             "cost_saved_fen": 1_000},
            {"meter": "water", "months": 1, "quantity_milli": 5_000, "base_milli": 4_000, "saved_milli": -1_000},
        ],
        period="2025Q3",
    ),
    # h1 says "service", later "hardship": the last counts; it owes 70.00 at the end of September, for 30.00 came in October.
    # h2 gave no reason and owes nothing; h3 none and owes 50.00.  h4 was contacted in August.
    "nonpayment_reasons": ReadExample(
        {
            "dunning_log": [
                contact("h1", "09-03", nonpay_reason="service"),
                contact("h1", "09-08", nonpay_reason="hardship"),
                contact("h1", "09-09"),
                contact("h2", "09-05"),
                contact("h3", "09-05"),
                contact("h4", "08-05", nonpay_reason="vacant"),
            ],
            "fee_bill": [
                bill(1, 10_000, period_start="07-01", period_end="07-31"),
                bill(2, 5_000, period_start="07-01", period_end="07-31"),
                bill(3, 5_000, period_start="08-01", period_end="08-31"),
                bill(6, 900, household="h3", period_end="10-31"),
            ],
            "fee_payment": [
                payment(1, "09-10", 3_000, bill_id="b1"),
                payment(2, "10-01", 3_000, bill_id="b1"),
                payment(3, "09-29", 5_000, bill_id="b2"),
            ],
        },
        [
            {"nonpay_reason": "hardship", "households": 1, "owing": 1, "fen": 7_000},
            {"households": 2, "owing": 1, "fen": 5_000},
        ],
    ),
    # At the end of September: b1 ended on 09-30 (a day ago), b2 a year and two days ago, b3 is paid, b4's period is not over.
    "resistance_and_response": ReadExample(
        {
            "fee_bill": [
                bill(1, 1_000),
                bill(2, 800, period_start=datetime(2024, 9, 1), period_end=datetime(2024, 9, 29)),
                bill(3, 500),
                bill(4, 700, period_end="10-31"),
            ],
            "fee_payment": [
                payment(1, "01-05", 300, bill_id="b2"),
                payment(2, "09-05", 500, bill_id="b3"),
                payment(3, "10-05", 1_000, bill_id="b1"),
            ],
        },
        [
            {"arrears_age": "0-3", "bills": 1, "households": 1, "fen": 1_000, "legacy_fen": 0},
            {"arrears_age": "3-12", "bills": 0, "households": 0, "fen": 0, "legacy_fen": 0},
            {"arrears_age": "12-24", "bills": 1, "households": 1, "fen": 500, "legacy_fen": 500},
            {"arrears_age": "24+", "bills": 0, "households": 0, "fen": 0, "legacy_fen": 0},
        ],
    ),
}  # fmt: skip

BORN = {"ledger": "month_on", "utility": "month_on", "public_revenue": "booked_on", "dunning_log": "at"}
LEARNT = {"ledger": {"published_on": []}, "public_revenue": {"published_on": []}}

_GIVEN = {
    "ledger": "month_on side account budget_fen actual_fen published_on publish_due_on",
    "public_revenue": "entry_id booked_on revenue_source entry_direction amount_fen used_for published_on publish_due_on",
    "utility": "month_on meter meter_point quantity_milli cost_fen baseline_quantity_milli",
    "dunning_log": "household at dunning_method dunning_outcome nonpay_reason",
    "fee_bill": "bill_id household fee_item period_start period_end due_on amount_due_fen",
    "fee_payment": "payment_id bill_id household paid_at amount_fen is_prepayment is_refund",
}
_LOST = {"ledger": "published_on", "public_revenue": "published_on", "dunning_log": "nonpay_reason"}


def draw(rng: random.Random, place: str, homes: list[str], size: int) -> dict[str, list[Row]]:
    log = [_contact(rng, place, homes) for _ in range(rng.randrange(size + 1))]
    log = list({(row["household"], row["at"], row["dunning_method"]): row for row in log}.values())
    bills = [_bill(rng, row, number) for number, row in enumerate(log) if rng.random() < 0.8]
    rows = {
        "ledger": _ledger(rng, place, size),
        "public_revenue": [_entry(rng, place, number) for number in range(rng.randrange(size + 1))],
        "utility": _utility(rng, place, size),
        "dunning_log": log,
        "fee_bill": bills,
        "fee_payment": [_payment(rng, row, number) for number, row in enumerate(bills * 2) if rng.random() < 0.6],
    }
    for made in bills:
        del made["asked_at"]
    return {name: _filed(rng, name, made) for name, made in rows.items()}


def _filed(rng: random.Random, name: str, rows: list[Row]) -> list[Row]:
    """Put rows into one of two files; sometimes no file of a table has one of its columns."""
    lost = _LOST.get(name) if rng.random() < 0.25 else None
    columns = [column for column in _GIVEN[name].split() if column != lost]
    for row in rows:
        row["file"], row["given"] = f"{row['community']}-{name}-{rng.choice('ab')}.csv", ",".join(columns)
        if lost:
            row[lost] = None
    return rows


def _maybe(rng: random.Random, *choices: Any, known: float = 0.8) -> Any:
    return rng.choice(choices) if rng.random() < known else None


def _due(rng: random.Random) -> Row:
    due = datetime(2025, rng.randint(1, 10), rng.choice([1, 10, 28]))
    published = due + timedelta(days=rng.choice([-20, -1, 0, 0, 1, 40]))
    return {"publish_due_on": _maybe(rng, due), "published_on": _maybe(rng, published)}


def _ledger(rng: random.Random, place: str, size: int) -> list[Row]:
    rows = {}
    for _ in range(rng.randrange(size + 1)):
        side, account = rng.choice(["expense", "expense", "expense", "income", "closing"]), rng.choice("甲乙")
        when = datetime(rng.choice([2024, 2025]), rng.choice([1, 2, 6, 9]), 1)
        rows[when, side, account] = {
            "community": place,
            "month_on": when,
            "side": side,
            "account": account,
            "budget_fen": _maybe(rng, 0, 1_000, 5_000),
            "actual_fen": _maybe(rng, -30, 0, 900, 1_000, 5_100, known=0.9),
            **_due(rng),
        }
    return list(rows.values())


def _entry(rng: random.Random, place: str, number: int) -> Row:
    return {
        "community": place,
        "entry_id": f"e{number}",
        "booked_on": datetime(2025, rng.randint(1, 9), rng.choice([1, 15, 28])),
        "revenue_source": _maybe(rng, "广告", "场地"),
        "entry_direction": rng.choice(["opening", "income", "income", "cost", "use", "deposit", "closing"]),
        "amount_fen": rng.choice([-50, 100, 900, 70_000]),
        **_due(rng),
    }


def _utility(rng: random.Random, place: str, size: int) -> list[Row]:
    rows = {}
    for _ in range(rng.randrange(size + 1)):
        when = datetime(rng.choice([2024, 2025]), rng.choice([1, 2, 6, 9]), 1)
        meter, point = rng.choice(["power", "power", "water", "gas", "heat"]), _maybe(rng, "路灯", known=0.3)
        rows[when, meter, point] = {
            "community": place,
            "month_on": when,
            "meter": meter,
            "meter_point": point,
            "quantity_milli": _maybe(rng, 0, 1_000, 90_000, 100_001),
            "cost_fen": _maybe(rng, 0, 500, 9_999),
            "baseline_quantity_milli": _maybe(rng, 0, 95_000, known=0.2),
        }
    return list(rows.values())


def _contact(rng: random.Random, place: str, homes: list[str]) -> Row:
    home = rng.choice(homes)
    return {
        "community": place,
        "household": home,
        "building": f"{int(home.rsplit('-', 1)[1]) % 2 + 1}号楼",
        "at": datetime(2025, rng.randint(1, 9), rng.choice([1, 2, 28]), rng.choice([0, 0, 9, 18])),
        "dunning_method": rng.choice(["phone", "visit", "letter"]),
        "dunning_outcome": _maybe(rng, "promised", "refused"),
        "nonpay_reason": _maybe(rng, "service", "vacant", known=0.4),
    }


def _bill(rng: random.Random, row: Row, number: int) -> Row:
    """A bill that fell due about when its household was contacted."""
    start = row["at"].replace(hour=0) + timedelta(days=rng.choice([-40, -1, 0, 1]))
    return {
        **{name: row[name] for name in ("community", "household", "building")},
        "asked_at": row["at"],
        "bill_id": f"d{number}",
        "fee_item": f"专项{number}",
        "period_start": start,
        "period_end": start + timedelta(days=29),
        "due_on": _maybe(rng, start, start + timedelta(days=1), known=0.4),
        "amount_due_fen": rng.choice([100, 1_000]),
    }


def _payment(rng: random.Random, bill: Row, number: int) -> Row:
    """Money about 30 days after the contact, or just before it; sometimes for a bill that nobody knows."""
    wait = rng.choice([-86_400, -1, 0, 1, 86_400, 30 * 86_400, 30 * 86_400 + 1])
    return {
        **{name: bill[name] for name in ("community", "household", "building", "fee_item")},
        "payment_id": f"q{number}",
        "bill_id": rng.choice([bill["bill_id"]] * 4 + ["d99", None]),
        "period_start": _maybe(rng, bill["period_start"]),
        "paid_at": bill["asked_at"] + timedelta(seconds=wait),
        "amount_fen": rng.choice([100, 400, 1_000]),
        "is_prepayment": _maybe(rng, False, False, True),
        "is_refund": _maybe(rng, False, False, False, True),
    }


# Once more, slowly ---------------------------------------------------------------------------------------------------


def marks(tables: dict[str, Sequence[Row]], as_of: datetime, definitions: Any, households: Any) -> Iterator[Mark]:
    ledger, public = tables.get("ledger", []), tables.get("public_revenue", [])
    bills, payments = tables.get("fee_bill", []), tables.get("fee_payment", [])
    log = tables.get("dunning_log", [])
    for row in ledger:
        yield from _spending(row, ledger, as_of)
    for row in tables.get("utility", []):
        yield from _metered(row, tables["utility"], as_of)
    over = [row for row in ledger if _is_over(row["month_on"], as_of)]
    yield from _statements("fee_account_on_time_rate", over, as_of)
    yield from _statements("public_revenue_on_time_rate", public, as_of)
    for row in public:
        if row["entry_direction"] == "income":
            yield "public_revenue_income", row, row["booked_on"], 1, row["amount_fen"], 1
    meant, homes = _by_bill(payments), _by_home(bills)
    for row in log:
        yield "dunning_activity", row, row["at"], 1, 1, 1
        yield from _followed(row, homes.get((row["community"], row["household"]), []), payments, meant, as_of)
    yield from _uncoded(log)
    billed, known = {bill["community"] for bill in bills}, {name for bill in bills for name in _names(bill)}
    for row in payments:
        if row["community"] in billed:
            yield from _unmatched(row, known)


def _has(row: Row, column: str) -> bool:
    return "given" not in row or column in row["given"].split(",")


def _is_over(first: datetime, as_of: datetime) -> bool:
    """Whether the month that begins at `first` ended by the cut-off."""
    after = datetime(first.year + first.month // 12, first.month % 12 + 1, 1)
    return after - timedelta(seconds=1) <= as_of


def _last_year(row: Row, rows: Sequence[Row], column: str, *same: str) -> int | None:
    wanted = row["month_on"].replace(year=row["month_on"].year - 1)
    for other in rows:
        names = ("community", *same)
        if other["month_on"] == wanted and all(other.get(name) == row.get(name) for name in names):
            return other.get(column)
    return None


def _spending(row: Row, rows: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    actual, budget, when = row.get("actual_fen"), row.get("budget_fen"), row["month_on"]
    if row["side"] != "expense" or actual is None or not _is_over(when, as_of):
        return
    if budget is not None:
        yield "budget_variance", row, when, 1, actual - budget, budget
        yield "budget_variance_amount", row, when, 1, actual - budget, 1
    before = _last_year(row, rows, "actual_fen", "side", "account")
    if before is not None:
        yield "cost_savings", row, when, 1, before - actual, before
        yield "cost_savings_amount", row, when, 1, before - actual, 1


def _metered(row: Row, rows: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    when, quantity, cost = row["month_on"], row.get("quantity_milli"), row.get("cost_fen")
    if not _is_over(when, as_of):
        return
    base = row.get("baseline_quantity_milli")
    if base is None:
        base = _last_year(row, rows, "quantity_milli", "meter", "meter_point")
    if base is not None and quantity is not None:
        if row["meter"] == "water":
            yield "water_saving_rate", row, when, 1, base - quantity, base
        else:
            tenths = {"power": 36, "heat": 10_000, "gas": 360}[row["meter"]]
            yield "energy_saving_rate", row, when, 1, (base - quantity) * tenths, base * tenths
    paid = _last_year(row, rows, "cost_fen", "meter", "meter_point")
    if paid is not None and cost is not None:
        yield "utility_cost_savings", row, when, 1, paid - cost, paid


def _statements(kpi: str, rows: Sequence[Row], as_of: datetime) -> Iterator[Mark]:
    """One statement for each community and day due; on time when each of its lines was published by the end of that day."""
    found: dict[Any, list[Row]] = {}
    for row in rows:
        if row.get("publish_due_on") is not None and _has(row, "published_on"):
            found.setdefault((row["community"], row["publish_due_on"]), []).append(row)
    for (place, due), lines in found.items():
        if due + timedelta(days=1) - timedelta(seconds=1) > as_of:
            continue
        in_time = all(one.get("published_on") is not None and one["published_on"] <= due for one in lines)
        yield kpi, {"community": place}, due, 1, int(in_time), 1


def _fen(payment: Row) -> int:
    return -abs(payment["amount_fen"]) if payment.get("is_refund") else payment["amount_fen"]


def _names(bill: Row) -> list[tuple]:
    """What payments may call a bill by: its number, or its home, item and period."""
    place = bill["community"]
    return [(place, bill["bill_id"]), (place, *(bill.get(name) for name in ("household", "fee_item", "period_start")))]


def _name(payment: Row) -> tuple:
    """What a payment calls its bill by."""
    number, place = payment.get("bill_id"), payment["community"]
    return (place, number) if number is not None else (
        place, *(payment.get(name) for name in ("household", "fee_item", "period_start"))
    )  # fmt: skip


def _by_bill(payments: Sequence[Row]) -> dict[tuple, list[Row]]:
    """The payments that are no prepayments by what they call their bill."""
    found: dict[tuple, list[Row]] = {}
    for one in payments:
        if not one.get("is_prepayment"):
            found.setdefault(_name(one), []).append(one)
    return found


def _by_home(bills: Sequence[Row]) -> dict[tuple, list[Row]]:
    found: dict[tuple, list[Row]] = {}
    for one in bills:
        found.setdefault((one["community"], one["household"]), []).append(one)
    return found


def _followed(
    row: Row, bills: Sequence[Row], payments: Sequence[Row], meant: dict[tuple, list[Row]], as_of: datetime
) -> Iterator[Mark]:
    asked, wait = row["at"], timedelta(days=30)
    told = [payment["paid_at"] for payment in payments if payment["community"] == row["community"]]
    if not told or asked < datetime(min(told).year, min(told).month, 1) or asked + wait > as_of:
        return
    owed = paid = False
    for one in bills:
        due = one.get("due_on") or one["period_start"]
        if due > asked:
            continue
        net = max(0, one["amount_due_fen"] - (one.get("waiver_fen") or 0) - (one.get("discount_fen") or 0))
        money = [(payment["paid_at"], _fen(payment)) for name in _names(one) for payment in meant.get(name, [])]
        if sum(fen for moment, fen in money if moment < asked) < net:
            owed = True
            paid = paid or any(asked <= moment <= asked + wait and fen > 0 for moment, fen in money)
    if owed:
        yield "dunning_payment_rate", row, asked, 1, int(paid), 1


def _uncoded(log: Sequence[Row]) -> Iterator[Mark]:
    homes: dict[Any, list[Row]] = {}
    for row in log:
        if _has(row, "nonpay_reason"):
            homes.setdefault((row["community"], row["household"], f"{row['at']:%Y-%m}"), []).append(row)
    for (_, _, when), rows in homes.items():
        home = {name: rows[0].get(name) for name in ("community", "household", "building")}
        silent = all(row.get("nonpay_reason") is None for row in rows)
        yield "nonpayment_uncoded_rate", home, month(when), 1, int(silent), 1


def _unmatched(payment: Row, known: set[tuple]) -> Iterator[Mark]:
    findable = _has(payment, "bill_id") or (_has(payment, "household") and _has(payment, "period_start"))
    if payment.get("is_prepayment") or not findable:
        return
    lost = _name(payment) not in known
    yield "unmatched_payments", payment, payment["paid_at"], 1, _fen(payment) if lost else 0, 1
    yield "unmatched_payment_count", payment, payment["paid_at"], 1, int(lost), 1
