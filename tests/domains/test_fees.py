"""Money that meets no bill, and what was done about arrears."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
import pytest

from propkit import domains
from propkit.domains import fees
from propkit.figures import figures
from propkit.model import Cut
from propkit.periods import parse_period
from tests.domains.rooms.finance import contact
from tests.examples import Row, bill, payment
from tests.worlds import frames

AS_OF = datetime(2025, 10, 31, 23, 59, 59)


def _derived(as_of: datetime = AS_OF, **tables: list[Row]) -> tuple[dict[str, pd.DataFrame], Cut]:
    cut = Cut(pd.Timestamp(as_of).as_unit("s"))
    return domains.derive(frames(tables), cut), cut


def _figure(kpi: str, period: str = "2025-09", as_of: datetime = AS_OF, **tables: list[Row]) -> tuple:
    made, cut = _derived(as_of, **tables)
    rates = figures(made, cut, [domains.KPIS[kpi]], [parse_period(period)], communities=["a"])
    return rates["state"].item(), rates["num"].item(), rates["den"].item()


def _read(reading: str, period: str = "2025-09", as_of: datetime = AS_OF, **tables: list[Row]) -> list[Row] | None:
    made, cut = _derived(as_of, **tables)
    rows = domains.read(reading, made, parse_period(period), cut)
    if rows is None:
        return None
    return [{name: cell for name, cell in row.items() if not pd.isna(cell)} for row in rows.to_dict("records")]


@pytest.mark.parametrize("kpi", ["unmatched_payments", "unmatched_payment_count"])
def test_nothing_is_unmatched_when_the_community_has_no_bills(kpi: str) -> None:
    elsewhere = bill(1, 100, community="b")

    assert _figure(kpi, fee_payment=[payment(1, "09-05", 100, bill_id="b1")])[0] == "no_data"
    assert _figure(kpi, fee_payment=[payment(1, "09-05", 100, bill_id="b1")], fee_bill=[elsewhere])[0] == "no_data"


def test_nothing_is_unmatched_when_the_export_cannot_name_a_bill() -> None:
    silent = payment(1, "09-05", 100, household="h1", given="payment_id,household,paid_at,amount_fen")
    blank = payment(2, "09-05", 100, household="h1", given="payment_id,household,bill_id,paid_at,amount_fen")

    assert _figure("unmatched_payments", fee_bill=[bill(1, 100)], fee_payment=[silent])[0] == "no_data"
    assert _figure("unmatched_payments", fee_bill=[bill(1, 100)], fee_payment=[silent, blank])[:2] == ("ok", 100)


def test_unmatched_money_is_zero_when_every_payment_meets_a_bill() -> None:
    told = {"fee_bill": [bill(1, 100)], "fee_payment": [payment(1, "09-05", 100, bill_id="b1")]}

    assert _figure("unmatched_payments", **told)[:2] == ("ok", 0)
    assert _figure("unmatched_payments", "2025-08", **told)[0] == "no_data"


def test_unmatched_money_goes_when_it_is_given_back() -> None:
    paid = [payment(1, "09-05", 500, bill_id="b9"), payment(2, "09-06", 500, bill_id="b9", is_refund=True)]

    assert _figure("unmatched_payments", fee_bill=[bill(1, 100)], fee_payment=paid)[1] == 0
    assert _figure("unmatched_payment_count", fee_bill=[bill(1, 100)], fee_payment=paid)[1] == 2


def test_each_contact_counts_when_one_payment_follows_two() -> None:
    told = {"fee_bill": [bill(1, 1_000)], "fee_payment": [payment(1, "09-20", 1_000, bill_id="b1")]}
    log = [contact("h1", "09-05"), contact("h1", "09-12", "visit"), contact("h1", "09-21")]

    assert _figure("dunning_payment_rate", dunning_log=log, **told) == ("unreliable", 2, 2)


def test_a_contact_is_not_judged_when_the_payment_records_begin_later() -> None:
    told = {"fee_bill": [bill(1, 1_000)], "fee_payment": [payment(1, "10-01", 1_000, bill_id="b1")]}

    assert _figure("dunning_payment_rate", dunning_log=[contact("h1", "09-30")], **told)[0] == "no_data"


def test_a_refund_is_no_payment_when_it_follows_a_contact() -> None:
    money = [payment(1, "09-01", 900, bill_id="b1"), payment(2, "09-10", 100, bill_id="b1", is_refund=True)]
    told = {"fee_bill": [bill(1, 1_000)], "fee_payment": money}

    assert _figure("dunning_payment_rate", dunning_log=[contact("h1", "09-05")], **told)[1:] == (0, 1)


def test_dunning_months_are_provisional_when_contacts_are_not_30_days_old() -> None:
    told = {"fee_bill": [bill(1, 1_000)], "fee_payment": [payment(1, "09-20", 1_000, bill_id="b1")]}
    log = [contact("h1", "09-05")]

    assert _figure("dunning_payment_rate", as_of=datetime(2025, 10, 8), dunning_log=log, **told)[0] == "provisional"


def test_reasons_are_absent_when_the_export_has_no_such_column() -> None:
    silent = contact("h1", "09-05", given="household,at,dunning_method")

    assert _read("nonpayment_reasons", dunning_log=[silent]) is None
    assert _figure("nonpayment_uncoded_rate", dunning_log=[silent])[0] == "no_data"
    assert _figure("dunning_activity", dunning_log=[silent])[1] == 1


def test_reasons_are_none_when_a_covered_month_has_no_contact() -> None:
    log = [contact("h1", "08-05"), contact("h1", "10-05")]

    assert _read("nonpayment_reasons", dunning_log=log) == []
    assert _read("nonpayment_reasons", "2025-07", dunning_log=log) is None


def test_amounts_are_unknown_when_there_are_no_bills() -> None:
    log = [contact("h1", "09-05", nonpay_reason="service"), contact("h2", "09-05")]

    assert _read("nonpayment_reasons", dunning_log=log) == [
        {"nonpay_reason": "service", "households": 1},
        {"households": 1},
    ]


def test_the_uncoded_row_is_there_when_every_household_gave_a_reason() -> None:
    assert _read("nonpayment_reasons", dunning_log=[contact("h1", "09-05", nonpay_reason="service")])[1:] == [
        {"households": 0}
    ]


def test_arrears_are_those_of_the_period_when_they_were_paid_since() -> None:
    told = {
        "fee_bill": [bill(1, 1_000, period_start="07-01", period_end="07-31")],
        "fee_payment": [payment(1, "07-05", 100, bill_id="b1"), payment(2, "09-05", 900, bill_id="b1")],
    }

    assert _read("resistance_and_response", "2025-08", **told)[0]["fen"] == 900
    assert _read("resistance_and_response", "2025-09", **told)[0]["fen"] == 0


def test_arrears_are_unknown_when_payment_records_are_missing_or_begin_later() -> None:
    assert _read("resistance_and_response", fee_bill=[bill(1, 100)]) is None
    later = [payment(1, "10-05", 100, bill_id="b1")]
    assert _read("resistance_and_response", fee_bill=[bill(1, 100)], fee_payment=later) is None


def test_ageing_agrees_with_the_derived_bills_when_both_are_at_the_cut_off() -> None:
    told = {"fee_bill": [bill(1, 100), bill(2, 300)], "fee_payment": [payment(1, "09-05", 100, bill_id="b1")]}
    made, cut = _derived(**told)

    aged = fees.ageing(made["fee_bill"], cut.as_of)

    assert aged["fen"].tolist() == [300, 0, 0, 0]
    assert _read("resistance_and_response", "2025-10", **told)[0]["fen"] == 300
