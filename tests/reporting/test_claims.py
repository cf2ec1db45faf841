"""Findings: said only when interval and test agree, in words that carry their figures and name no cause."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from propkit import domains, stats
from propkit.counts import SUMS
from propkit.model import Kpi
from propkit.rates import rate
from propkit.reporting import claims, plainly
from propkit.text import Text

AS_OF = pd.Timestamp("2026-12-31")
ON_TIME = domains.KPIS["repairs_on_time_rate"]
SATISFACTION = domains.KPIS["owner_satisfaction"]
YEAR_AGO = Text("去年同月", "the same month last year")
CAUSES = re.compile(r"因为|由于|导致|使得|because|due to|caused|thanks to|led to", re.IGNORECASE)


def _rates(kpi_id: str, cells: dict[str, tuple[int, int]], column: str = "segment") -> pd.DataFrame:
    """Figures of one community from (num, den) by segment or period."""
    counts = pd.DataFrame(
        [{"kpi": kpi_id, "community": "c", "period": "2025-09", "segment": "all", column: key, "n": den, "num": num,
          "num_sq": 0, "den": den} for key, (num, den) in cells.items()]
    )  # fmt: skip
    assert set(SUMS) <= set(counts)
    return rate(counts, as_of=AS_OF)


def _by_kpi(kpi_id: str, num: int, den: int) -> pd.DataFrame:
    return _rates(kpi_id, {"all": (num, den)}).set_index("kpi")


def test_change_is_named_when_both_locks_hold() -> None:
    before, now = _by_kpi(ON_TIME.id, 700, 1000), _by_kpi(ON_TIME.id, 800, 1000)

    (claim,) = claims.changes([ON_TIME], before, now, YEAR_AGO)

    assert (claim.verdict, claim.good) == ("higher", True)
    assert claim.text == Text("比去年同月上升 10.0 个百分点", "10.0 points higher than the same month last year")


def test_change_of_a_kpi_where_less_is_better_is_welcome_downwards() -> None:
    kpi = domains.KPIS["dissatisfied_rate"]

    (claim,) = claims.changes([kpi], _by_kpi(kpi.id, 300, 1000), _by_kpi(kpi.id, 200, 1000), YEAR_AGO)

    assert (claim.verdict, claim.good) == ("lower", True)


def test_change_within_chance_is_no_change_and_has_no_colour() -> None:
    (claim,) = claims.changes([ON_TIME], _by_kpi(ON_TIME.id, 15, 20), _by_kpi(ON_TIME.id, 17, 20), YEAR_AGO)

    assert (claim.verdict, claim.good) == ("no_clear_change", None)


def test_changes_are_one_family() -> None:
    """A p-value of about 0.003 stands alone, but not as one of ten comparisons (Holm)."""
    kpis = [kpi for kpi in domains.KPIS.values() if kpi.kind == "share" and not kpi.opinion][:10]
    before = pd.concat([_by_kpi(kpi.id, 80, 100) for kpi in kpis])
    now = pd.concat([_by_kpi(kpi.id, 94 if at == 0 else 80, 100) for at, kpi in enumerate(kpis)])

    alone = claims.changes(kpis[:1], before, now, YEAR_AGO)
    together = claims.changes(kpis, before, now, YEAR_AGO)

    assert alone[0].verdict == "higher"
    assert {claim.verdict for claim in together} == {"no_clear_change"}


def test_change_from_a_month_without_data_is_not_spoken_of() -> None:
    assert claims.changes([ON_TIME], _by_kpi(ON_TIME.id, 0, 0), _by_kpi(ON_TIME.id, 8, 10), YEAR_AGO) == []


@pytest.mark.parametrize(
    ("num", "den", "verdict", "good"),
    [(990, 1000, "attained", True), (900, 1000, "not_attained", False), (19, 20, "undecided", None)],
)
def test_target_is_judged_by_the_whole_interval(num: int, den: int, verdict: str, good: bool | None) -> None:
    claim = claims.target(ON_TIME, _rates(ON_TIME.id, {"all": (num, den)}).iloc[0], 95)

    assert claim is not None
    assert (claim.verdict, claim.good) == (verdict, good)


@pytest.mark.parametrize(("num", "verdict"), [(0, "attained"), (20, "not_attained"), (9, "undecided")])
def test_target_of_a_rate_is_judged_by_its_exact_interval(num: int, verdict: str) -> None:
    """At most 4.5 of 1,000: 99 % limits of 0, 20 and 9 in 2,000 are 0 to 2.65, 5.18 to 16.9 and 1.7 to 10.1 (tables of chi-square)."""
    kpi = domains.KPIS["complaints_per_1000_homes"]
    claim = claims.target(kpi, _rates(kpi.id, {"all": (num, 2000)}).iloc[0], 4.5)

    assert claim is not None and claim.verdict == verdict


def test_a_figure_of_which_nothing_is_found_is_told_with_its_interval_and_what_it_lacks() -> None:
    figure = _rates(ON_TIME.id, {"all": (80, 100)}).iloc[0]
    kpi = dataclasses.replace(ON_TIME, target=95)
    undecided = claims.Claim(kpi.id, "target", "undecided", None, Text("尚不能判定是否达标", "target undecided"), 100)

    said = plainly.stated(kpi, figure, [undecided])

    assert said.zh.startswith("维修及时率 80%（n=100，95% 区间 ") and said.zh.endswith(
        "目标 ≥95%，尚不能判定是否达标，没有以前的数字可比。"
    )
    assert said.en.endswith("; target ≥95%: undecided; there is no earlier figure to compare with.")


def test_target_of_money_is_a_fact_on_the_exact_fraction() -> None:
    kpi = domains.KPIS["arrears_recovery_rate"]
    missed = claims.target(kpi, _rates(kpi.id, {"all": (94_999, 100_000)}).iloc[0], 95)
    met = claims.target(kpi, _rates(kpi.id, {"all": (95_000, 100_000)}).iloc[0], 95)

    assert missed is not None and met is not None
    assert (missed.verdict, met.verdict) == ("not_attained", "attained")


def test_target_without_a_figure_is_not_spoken_of() -> None:
    assert claims.target(ON_TIME, _rates(ON_TIME.id, {"all": (0, 0)}).iloc[0], 95) is None
    assert claims.target(ON_TIME, _rates(ON_TIME.id, {"all": (9, 10)}).iloc[0], None) is None


def test_segment_is_named_when_it_differs_from_all_others() -> None:
    rates = _rates(SATISFACTION.id, {"owner": (400, 500), "tenant": (100, 200), "landlord": (160, 200)})

    found = claims.segments(SATISFACTION, {"owner_type": rates}, {"owner_type": {"tenant": Text("租户", "tenants")}})

    worst = next(claim for claim in found if claim.group == "tenant")
    assert (worst.verdict, worst.good, worst.n) == ("lower", False, 200)
    assert worst.text.zh == "租户的业主满意率比其余低 30 个百分点（n=200）"


def test_segment_of_a_flat_family_is_never_named() -> None:
    rates = _rates(SATISFACTION.id, {"a": (80, 100), "b": (78, 100), "c": (83, 100)})

    assert claims.segments(SATISFACTION, {"zone": rates}, {"zone": {}}) == []


def test_segment_is_not_named_when_the_gate_of_its_family_stays_shut() -> None:
    """Alone, c would be flagged at 5 %; the three together differ with p = 0.018 only."""
    rates = _rates(SATISFACTION.id, {"a": (80, 100), "b": (80, 100), "c": (65, 100)})

    assert stats.compare_segments(["a", "b", "c"], [80, 80, 65], [100] * 3)["flag"].any()
    assert claims.segments(SATISFACTION, {"zone": rates}, {"zone": {}}) == []


def test_rebound_says_where_an_exceptional_month_comes_back_to() -> None:
    months = [f"2024-{month:02}" for month in range(9, 13)] + [f"2025-{month:02}" for month in range(1, 10)]
    steady = _rates(ON_TIME.id, {month: (60 if month == "2025-09" else 90, 100) for month in months}, "period")
    text = claims.rebound(ON_TIME, steady)

    assert text is not None and "90%" in text.zh and "均值回归" in text.zh
    assert claims.rebound(ON_TIME, steady.iloc[:5]) is None


def test_rebound_is_partial_when_months_really_differ() -> None:
    months = [f"2024-{month:02}" for month in range(9, 13)] + [f"2025-{month:02}" for month in range(1, 10)]
    levels = dict(zip(months, [95, 70, 90, 75, 95, 70, 90, 75, 95, 70, 90, 75, 40], strict=True))
    text = claims.rebound(ON_TIME, _rates(ON_TIME.id, {month: (x, 100) for month, x in levels.items()}, "period"))

    between, within = 0.0, 0.0
    p = sum(list(levels.values())[:-1]) / 1200
    shares = [x / 100 for x in list(levels.values())[:-1]]
    mean = sum(shares) / 12
    within = p * (1 - p) / 100
    between = sum((x - mean) ** 2 for x in shares) / 11 - within
    expected = p + (0.40 - p) * between / (between + within)
    assert text is not None and f"{expected * 100:.0f}%" in text.en


def test_segment_that_is_hidden_takes_no_part() -> None:
    rates = _rates(SATISFACTION.id, {"a": (80, 100), "b": (0, 9)})

    assert claims.segments(SATISFACTION, {"zone": rates}, {"zone": {}}) == []


def test_signal_when_the_latest_month_leaves_its_limits() -> None:
    months = [f"2024-{month:02}" for month in range(9, 13)] + [f"2025-{month:02}" for month in range(1, 10)]
    cells = {month: (60 if month == "2025-09" else 90, 100) for month in months}

    judged, (claim,) = claims.signals(ON_TIME, _rates(ON_TIME.id, cells, "period"))

    assert list(judged.loc[judged["signal"], "period"]) == ["2025-09"]
    assert (claim.verdict, claim.good, claim.period) == ("lower", False, "2025-09")


def test_signal_needs_a_year_of_months() -> None:
    cells = {f"2025-{month:02}": (60 if month == 9 else 90, 100) for month in range(1, 10)}

    judged, found = claims.signals(ON_TIME, _rates(ON_TIME.id, cells, "period"))

    assert found == []
    assert judged["center"].isna().all()


def test_leading_category_needs_a_lead_beyond_chance() -> None:
    kpi = domains.KPIS["complaint_type_distribution"]
    close = _rates(kpi.id, {"噪声": (12, 12), "停车": (10, 10)})
    clear = _rates(kpi.id, {"噪声": (40, 40), "停车": (10, 10), "其他": (60, 60)})

    assert claims.leading(kpi, close, {}) == []
    assert claims.leading(kpi, clear, {})[0].text.zh == "最多的是噪声：40 件，共 110 件"


def test_unknowns_name_what_is_missing_and_what_is_provisional() -> None:
    rates = pd.concat([_rates(ON_TIME.id, {"all": (0, 0)}), _rates(SATISFACTION.id, {"all": (3, 5)})])

    said = plainly.unknowns([ON_TIME, SATISFACTION], rates)

    assert [text.zh for text in said] == ["还不知道：本期没有数据的有维修及时率；答复太少、不公布的有业主满意率。"]


def test_null_worlds_are_silent_and_no_sentence_names_a_cause() -> None:
    """200 reports in which nothing differs: at most 5 % may name a segment or a change."""
    rng = np.random.default_rng(20250901)
    false, said = 0, []
    for _ in range(200):
        draw = {name: (int(rng.binomial(80, 0.8)), 80) for name in "abcde"}
        found = claims.segments(SATISFACTION, {"zone": _rates(SATISFACTION.id, draw)}, {"zone": {}})
        before, now = (_by_kpi(ON_TIME.id, int(rng.binomial(60, 0.9)), 60) for _ in range(2))
        found += [c for c in claims.changes([ON_TIME], before, now, YEAR_AGO) if c.verdict != "no_clear_change"]
        false += bool(found)
        said += [claim.text for claim in found]

    assert false <= 20  # two families at 5 % each
    assert not any(CAUSES.search(text.zh + text.en) for text in said)


def test_target_of_a_figure_that_still_rises_is_never_declared_missed() -> None:
    kpi = domains.KPIS["fee_collection_rate_households"]
    low = claims.target(kpi, _rates(kpi.id, {"all": (500, 1000)}).iloc[0], 92)
    high = claims.target(kpi, _rates(kpi.id, {"all": (990, 1000)}).iloc[0], 92)

    assert low is not None and high is not None
    assert (low.verdict, low.good) == ("undecided", None)
    assert (high.verdict, high.good) == ("attained", True)


def test_claim_that_names_a_cause_is_refused() -> None:
    for words in (Text("因为人手不足而下降", "lower"), Text("下降", "lower due to staffing")):
        with pytest.raises(ValueError, match="names a cause"):
            claims.Claim(ON_TIME.id, "change", "lower", False, words, 10)


def test_claims_carry_what_their_verdict_rests_on() -> None:
    (change,) = claims.changes([ON_TIME], _by_kpi(ON_TIME.id, 700, 1000), _by_kpi(ON_TIME.id, 800, 1000), YEAR_AGO)
    judged = claims.target(ON_TIME, _rates(ON_TIME.id, {"all": (990, 1000)}).iloc[0], 95)

    assert judged is not None
    assert 0 < change.low < 0.1 < change.high
    assert "Holm" in change.test and "exact limits" in change.test
    assert 0.95 < judged.low < 0.99 < judged.high


def test_signal_limits_of_small_months_are_exact() -> None:
    """Twelve months of 19 or 20 of 20: three-sigma limits would flag 17 of 20, the exact ones do not."""
    months = [f"2024-{month:02}" for month in range(1, 13)] + ["2025-01"]
    cells = {month: (17 if month == "2025-01" else 19, 20) for month in months}

    judged, found = claims.signals(ON_TIME, _rates(ON_TIME.id, cells, "period"))

    assert found == []
    assert judged["lcl"].max() < 0.85


def test_by_chance_says_how_many_series_would_signal_anyway() -> None:
    long, short = (
        claims.signals(ON_TIME, _rates(ON_TIME.id, {f"2024-{at:02}": (620, 1000) for at in months}, "period"))[0]
        for months in (range(1, 13), range(1, 4))
    )

    told = claims.by_chance([*[long] * 1100, short])

    assert told.en.startswith("1,100 monthly series were judged; with nothing happening, about 2.97")


def test_signal_limits_are_laney_where_months_vary_more_than_chance() -> None:
    months = [f"2024-{month:02}" for month in range(1, 13)]
    cells = {month: (640 if at % 2 else 600, 1000) for at, month in enumerate(months)}
    cells["2025-01"] = (990, 1000)

    judged, (claim,) = claims.signals(ON_TIME, _rates(ON_TIME.id, cells, "period"))

    assert claim.test.endswith("Laney")
    assert judged["signal"].sum() == 1


@pytest.mark.parametrize("kpi", domains.KPIS.values(), ids=lambda kpi: kpi.id)
def test_the_name_of_a_figure_is_no_claim_of_a_cause(kpi: Kpi) -> None:
    said = Text(f"2025年9月{kpi.label.zh}高于正常波动范围", f"{kpi.label.en} in 2025-09 is above its usual range")

    assert claims.Claim(kpi.id, "signal", "higher", None, said, 10).text == said
    with pytest.raises(ValueError, match="cause"):
        claims.Claim(kpi.id, "signal", "higher", None, Text(said.zh, f"{said.en} because of the rain"), 10)
