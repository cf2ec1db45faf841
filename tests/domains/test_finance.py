"""The two ledgers, the budget and the meters: what the statements say where the books are odd."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from propkit import domains
from propkit.figures import figures
from propkit.model import Cut
from propkit.periods import parse_period
from tests.domains.rooms.finance import entry, line, used
from tests.examples import Row, at
from tests.worlds import frames

AS_OF = datetime(2025, 10, 31, 23, 59, 59)


def _derived(as_of: datetime = AS_OF, **tables: list[Row]) -> tuple[dict[str, pd.DataFrame], Cut]:
    cut = Cut(pd.Timestamp(as_of).as_unit("s"))
    return domains.derive(frames(tables), cut), cut


def _read(reading: str, period: str, as_of: datetime = AS_OF, **tables: list[Row]) -> list[Row] | None:
    made, cut = _derived(as_of, **tables)
    rows = domains.read(reading, made, parse_period(period), cut)
    if rows is None:
        return None
    return [{name: cell for name, cell in row.items() if not pd.isna(cell)} for row in rows.to_dict("records")]


def _fee(period: str, *lines: Row, as_of: datetime = AS_OF) -> list[Row] | None:
    return _read("fee_account_disclosure", period, as_of, ledger=list(lines))


def _public(period: str, *entries: Row, as_of: datetime = AS_OF) -> list[Row] | None:
    return _read("public_revenue_statement", period, as_of, public_revenue=list(entries))


def _part(rows: list[Row], part: str, column: str = "fen") -> list:
    return [row.get(column) for row in rows if row["part"] == part]


def _figure(kpi: str, period: str, as_of: datetime = AS_OF, **tables: list[Row]) -> tuple:
    made, cut = _derived(as_of, **tables)
    rates = figures(made, cut, [domains.KPIS[kpi]], [parse_period(period)], communities=["a"])
    return rates["state"].item(), rates["num"].item(), rates["value"].item()


def test_both_statements_change_when_a_row_moves_from_one_ledger_to_the_other() -> None:
    fees = [line("2025-09", "income", "物业费", 900), line("2025-09", "income", "电梯广告", 50)]
    public = [entry(1, "09-01", "opening", 0), entry(2, "09-30", "income", 70, revenue_source="场地")]

    before = _fee("2025-09", *fees), _public("2025-09", *public)
    moved = entry(3, "09-09", "income", 50, revenue_source="电梯广告")
    after = _fee("2025-09", fees[0]), _public("2025-09", *public, moved)

    assert [sum(_part(rows, "income")) for rows in (*before, *after)] == [950, 70, 900, 120]
    assert _part(before[1], "closing") == [70] and _part(after[1], "closing") == [120]


def test_fee_rates_do_not_change_when_public_revenue_comes_in() -> None:
    public = [entry(1, "09-01", "income", 9_000)]

    for kpi in ("fee_collection_rate_current", "arrears_recovery_rate", "budget_variance", "cost_savings"):
        assert _figure(kpi, "2025-09", public_revenue=public)[0] == "no_data"


def test_the_balance_leaves_deposits_out_when_some_are_held() -> None:
    rows = _public("2025-09", entry(1, "09-01", "opening", 100), entry(2, "09-20", "deposit", 900))

    assert _part(rows, "income") == [] and _part(rows, "closing") == [100]
    assert _part(rows, "deposit") == [900] and _part(rows, "deposit", "net_fen") == [None]


def test_the_place_of_a_difference_is_named_when_balances_of_a_quarter_do_not_follow() -> None:
    rows = _fee(
        "2025Q3",
        line("2025-07", "opening", "余额", 1_000),
        line("2025-07", "income", "物业费", 10),
        line("2025-07", "closing", "余额", 1_010),
        line("2025-08", "opening", "余额", 1_005),  # 5 less than July closed with
        line("2025-08", "income", "物业费", 10),
        line("2025-09", "income", "物业费", 10),
        line("2025-09", "closing", "余额", 1_027),  # 2 more than the entries say
    )

    assert [(row["on"], row["fen"]) for row in rows if row["part"] == "difference"] == [
        (at("08-01"), -5),
        (at("09-30"), 2),
    ]
    assert _part(rows, "closing") == [1_030] and _part(rows, "stated") == [1_027]


def test_a_difference_falls_on_the_first_day_when_the_opening_balance_breaks_with_the_month_before() -> None:
    rows = _fee(
        "2025-09",
        line("2025-08", "closing", "余额", 700),
        line("2025-09", "opening", "余额", 650),
        line("2025-09", "income", "物业费", 10),
    )

    assert _part(rows, "opening") == [650] and _part(rows, "closing") == [660]
    assert [(row["on"], row["fen"]) for row in rows if row["part"] == "difference"] == [(at("09-01"), -50)]


def test_the_opening_balance_is_carried_forward_when_only_an_older_one_is_stated() -> None:
    rows = _public(
        "2025-09", entry(1, "07-01", "opening", 100), entry(2, "08-03", "cost", 30), entry(3, "09-02", "use", 5)
    )

    assert _part(rows, "opening") == [70] and _part(rows, "closing") == [65]


def test_the_opening_balance_is_unknown_when_the_books_have_a_gap() -> None:
    older = entry(1, "07-01", "opening", 100, file="a.csv")
    rows = _public("2025-09", older, entry(2, "09-02", "use", 5, file="b.csv"))

    assert _part(rows, "opening") == [None] and _part(rows, "closing") == [None]
    assert _part(rows, "difference") == []


def test_nothing_is_reconciled_when_no_balance_was_stated() -> None:
    rows = _fee("2025-09", line("2025-09", "income", "物业费", 10), line("2025-09", "expense", "保洁", 4))

    assert _part(rows, "opening") == [None] and _part(rows, "stated") == [] and _part(rows, "difference") == []
    assert sum(row.get("net_fen", 0) for row in rows) == 6


def test_the_next_opening_balance_is_the_check_when_no_closing_one_is_stated() -> None:
    rows = _public(
        "2025-08", entry(1, "08-01", "opening", 100), entry(2, "08-05", "income", 9), entry(3, "09-01", "opening", 110)
    )

    assert _part(rows, "stated") == [110] and _part(rows, "difference") == [1]


def test_lines_of_one_balance_add_up_when_it_is_stated_by_source() -> None:
    rows = _public(
        "2025-08",
        entry(1, "08-01", "opening", 100, revenue_source="广告"),
        entry(2, "08-01", "opening", 40, revenue_source="场地"),
        entry(3, "08-31", "closing", 140),
    )

    assert _part(rows, "opening") == [140] and _part(rows, "difference") == []


def test_a_month_is_no_part_of_the_fee_account_when_it_is_not_over() -> None:
    lines = [
        line("2025-08", "income", "物业费", 10),
        line("2025-09", "income", "物业费", 7),
        line("2025-09", "expense", "保洁", 5, budget_fen=9),
    ]

    assert _part(_fee("2025Q3", *lines, as_of=datetime(2025, 9, 30, 23, 59, 58)), "income") == [10]
    assert _part(_fee("2025Q3", *lines, as_of=datetime(2025, 9, 30, 23, 59, 59)), "income") == [17]
    assert _figure("budget_variance", "2025-09", datetime(2025, 9, 30, 23, 59, 58), ledger=lines)[0] == "no_data"
    assert _figure("budget_variance", "2025-09", datetime(2025, 9, 30, 23, 59, 59), ledger=lines)[1] == -4


@pytest.mark.parametrize("period", ["2025-09-20", "2025-07", "2026-01"])
def test_there_is_no_statement_when_the_books_do_not_speak_of_the_period(period: str) -> None:
    assert _fee(period, line("2025-09", "income", "物业费", 10)) is None
    assert _public(period, entry(1, "09-20", "income", 10)) is None


def test_a_statement_ends_with_the_books_when_the_period_goes_on() -> None:
    rows = _public("2025", entry(1, "01-01", "opening", 10), entry(2, "05-09", "income", 4))

    assert [(row["on"], row["fen"]) for row in rows if row["part"] == "closing"] == [(at("05-31"), 14)]


def test_days_late_run_to_the_cut_off_when_nothing_was_published() -> None:
    due = {"publish_due_on": at("10-21")}

    assert _part(_fee("2025-09", line("2025-09", "income", "物业费", 1, **due)), "unpublished", "days_late") == [10]


def test_a_statement_says_nothing_of_publication_when_its_export_has_no_such_column() -> None:
    told = {"given": "month_on,side,account,actual_fen,publish_due_on", "publish_due_on": at("10-21")}
    rows = [line("2025-09", "income", "物业费", 1, **told)]

    assert [row["part"] for row in _fee("2025-09", *rows)] == ["opening", "income", "closing"]
    assert _figure("fee_account_on_time_rate", "2025-10", ledger=rows)[0] == "no_data"


@pytest.mark.parametrize(
    ("published", "as_of", "num"),
    [
        (at("09-15"), datetime(2025, 9, 15, 23, 59, 59), 1),
        (at("09-16"), AS_OF, 0),
        (None, datetime(2025, 9, 15, 23, 59, 59), 0),
        (None, datetime(2025, 9, 15, 23, 59, 58), None),
        (at("09-14"), datetime(2025, 9, 15, 12), None),
    ],
)
def test_publication_is_judged_when_the_day_due_is_over(
    published: datetime | None, as_of: datetime, num: int | None
) -> None:
    row = line("2025-06", "income", "物业费", 1, published_on=published, publish_due_on=at("09-15"))

    state, got, _ = _figure("fee_account_on_time_rate", "2025-09", as_of, ledger=[row])

    assert (state == "no_data") if num is None else (got == num)


def test_no_saving_is_printed_when_there_is_no_year_before() -> None:
    books = [line(month, "expense", "保洁", 10) for month in ("2025-08", "2025-09")]

    for kpi in ("cost_savings", "cost_savings_amount", "budget_variance_amount"):
        assert _figure(kpi, "2025-09", ledger=books)[0] == "no_data"


def test_spending_is_in_the_amount_but_has_no_rate_when_its_budget_is_zero() -> None:
    books = [line("2025-09", "expense", "抢修", 70, budget_fen=0)]

    assert _figure("budget_variance", "2025-09", ledger=books)[0] == "no_data"
    assert _figure("budget_variance_amount", "2025-09", ledger=books)[1] == 70


def test_energy_of_one_kind_has_its_own_rate_when_split_by_meter() -> None:
    rows = [
        used("2024-09", "power", 100_000),
        used("2025-09", "power", 90_000),
        used("2024-09", "gas", 100_000),
        used("2025-09", "gas", 120_000),
    ]
    made, cut = _derived(utility=rows)
    kpi, september = domains.KPIS["energy_saving_rate"], parse_period("2025-09")

    rates = figures(made, cut, [kpi], [september], communities=["a"], by=["meter"])

    assert dict(zip(rates["segment"], rates["value"].astype(float), strict=True)) == {"gas": -0.2, "power": 0.1}
    assert _figure("water_saving_rate", "2025-09", utility=rows)[0] == "no_data"


def test_meters_have_no_highlight_when_nothing_can_be_compared() -> None:
    assert _read("innovation_energy_safety_highlights", "2025-09", utility=[used("2025-09", "power", 1_000)]) is None


def test_public_revenue_received_is_a_true_zero_when_a_covered_month_has_none() -> None:
    entries = [entry(1, "07-05", "income", 10), entry(2, "08-05", "deposit", 500), entry(3, "09-05", "cost", 1)]

    assert _figure("public_revenue_income", "2025-08", public_revenue=entries)[:2] == ("ok", 0)
