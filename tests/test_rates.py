"""What readers see: values inside their intervals, and a state that says how far to trust them."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from propkit import domains
from propkit.rates import FIGURES, rate

AS_OF = pd.Timestamp("2025-10-31 23:59:59")
SHARE, RATE, MEAN = "repair_completion_rate", "complaints_per_1000_homes", "owner_satisfaction_index"
MONEY, COUNT, OPINION = "fee_collection_rate_current", "work_order_volume", "owner_satisfaction"
STATES = {"ok", "census", "provisional", "unreliable", "suppressed", "no_data"}
NUMBERS = [name for name in FIGURES if name != "state"]


def _rates(kpi: str, n: int, num: int, den: int, *, num_sq: int = 0, period: str = "2025-08", as_of=AS_OF, **options):
    counts = {"kpi": kpi, "community": "a", "period": period, "n": n, "num": num, "num_sq": num_sq, "den": den}
    return rate(pd.DataFrame([counts]), as_of=as_of, **options).iloc[0]


@given(st.integers(1, 400), st.data())
def test_a_share_lies_in_its_interval_when_there_are_cases(den: int, data: st.DataObject):
    num = data.draw(st.integers(0, den))

    figure = _rates(SHARE, den, num, den)

    assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    assert figure["value"] == num / den


@given(st.integers(0, 400), st.integers(1, 5000))
def test_a_rate_lies_in_its_interval_when_there_is_exposure(num: int, den: int):
    figure = _rates(RATE, den, num, den)

    assert 0 <= figure["low"] <= figure["value"] <= figure["high"]


@given(st.lists(st.integers(0, 4), min_size=10, max_size=60))
def test_a_mean_lies_in_its_interval_when_there_are_ten_answers(points: list[int]):
    n, total = len(points), sum(points)

    figure = _rates(MEAN, n, total, 4 * n, num_sq=sum(point * point for point in points))

    assert figure["value"] == pytest.approx(total / (4 * n))
    if len(set(points)) > 1:
        assert 0 <= figure["low"] <= figure["value"] <= figure["high"] <= 1
    else:
        assert pd.isna(figure["low"]) and pd.isna(figure["high"])


def test_a_mean_has_the_limits_of_a_bounded_mean_when_recomputed_by_hand():
    # 20 answers on 1..5: ten 4s and ten 2s; points 3 and 1, mean 2/4.  With half a 0 and half a 4 added: n 21, squares 108,
    # sd sqrt((108 - 42^2/21)/20)/4 = sqrt(1.2)/4, t(0.975, 20) = 2.085963.
    figure = _rates(MEAN, 20, 40, 80, num_sq=10 * 9 + 10 * 1)

    half = 2.085963 * 1.2**0.5 / 4 / 21**0.5
    assert figure["low"] == pytest.approx(0.5 - half, abs=1e-6)
    assert figure["high"] == pytest.approx(0.5 + half, abs=1e-6)


@pytest.mark.parametrize("kpi", [SHARE, RATE, MEAN, MONEY, COUNT, OPINION])
def test_nothing_is_said_when_there_is_no_base(kpi: str):
    figure = _rates(kpi, 0, 0, 0)

    assert figure["state"] == "no_data"
    assert figure[["value", "low", "high"]].isna().all()


@pytest.mark.parametrize("kpi", [MONEY, COUNT])
def test_there_is_no_interval_when_the_figure_is_money_or_a_count(kpi: str):
    figure = _rates(kpi, 40, 30, 40)

    assert figure[["low", "high"]].isna().all()
    assert figure["value"] == (0.75 if kpi == MONEY else 30)


@pytest.mark.parametrize(("n", "state"), [(1, "suppressed"), (9, "suppressed"), (10, "unreliable"), (200, "ok")])
def test_an_opinion_is_suppressed_when_few_answered(n: int, state: str):
    figure = _rates(OPINION, n, n // 2, n)

    assert figure["state"] == state
    assert figure[NUMBERS].isna().all() == (state == "suppressed")


def test_an_opinion_is_suppressed_at_another_number_when_it_is_given():
    assert _rates(OPINION, 40, 20, 40, min_n=41)["state"] == "suppressed"


def test_a_fact_is_never_suppressed_when_it_is_rare():
    figure = _rates(SHARE, 3, 1, 3)

    assert figure["state"] == "unreliable" and figure["n"] == 3


@pytest.mark.parametrize(
    ("kpi", "as_of", "state"),
    [
        (SHARE, "2025-08-31 23:59:58", "provisional"),
        (SHARE, "2025-08-31 23:59:59", "ok"),
        ("revisit_rate", "2025-09-03 23:59:58", "provisional"),
        ("revisit_rate", "2025-09-03 23:59:59", "ok"),
        ("first_time_fix_rate", "2025-09-30 23:59:58", "provisional"),
        ("first_time_fix_rate", "2025-09-30 23:59:59", "ok"),
    ],
)
def test_a_month_is_provisional_when_its_cases_are_young(kpi: str, as_of: str, state: str):
    assert _rates(kpi, 500, 400, 500, as_of=pd.Timestamp(as_of))["state"] == state


def test_a_quarter_is_provisional_when_its_last_month_is():
    figure = _rates("first_time_fix_rate", 500, 400, 500, period="2025Q3", as_of=pd.Timestamp("2025-10-15"))

    assert figure["state"] == "provisional"


def test_rates_keep_groups_and_order_when_kpis_are_mixed():
    kpis = [SHARE, COUNT, SHARE, MONEY, OPINION, MEAN, RATE]
    counts = pd.DataFrame({"kpi": kpis, "community": list("abcdefg"), "period": "2025-08", "zone": "east"})
    counts = counts.assign(n=50, num=20, num_sq=30, den=50)

    rates = rate(counts, as_of=AS_OF)

    assert list(rates.columns) == ["kpi", "community", "period", "zone", *FIGURES]
    assert rates["kpi"].tolist() == kpis and rates["community"].tolist() == list("abcdefg")
    assert set(rates["state"]) <= STATES


def test_rates_are_empty_when_there_are_no_counts():
    counts = pd.DataFrame(columns=["kpi", "community", "period", "n", "num", "num_sq", "den"])

    assert list(rate(counts, as_of=AS_OF).columns) == ["kpi", "community", "period", *FIGURES]


@given(st.sampled_from(sorted(domains.KPIS)), st.integers(0, 60), st.data())
def test_every_figure_has_a_state_and_shows_what_it_may_when_counts_are_random(kpi: str, den: int, data: st.DataObject):
    num = data.draw(st.integers(0, den))

    figure = _rates(kpi, den, num, den, num_sq=num)

    assert figure["state"] in STATES
    assert figure[NUMBERS].isna().all() == (figure["state"] == "suppressed")
    assert pd.isna(figure["value"]) == (figure["state"] in ("suppressed", "no_data"))
