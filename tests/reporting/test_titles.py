"""What a chart says above itself where no claim stands, recomputed by hand from the samples it draws."""

import pytest

from propkit.reporting import charts, charts_compare, titles
from tests.reporting import samples as s


def test_a_pareto_sums_up_its_cases_and_the_kinds_that_make_up_four_fifths():
    frame = s.categories()  # 停车 80, 电梯 50, 噪音 10, and the rest 60
    assert titles.pareto(frame, s.RECEIVED, "zh") == "投诉件数：200 件"  # it takes all kinds to come to 80%
    few = frame[frame["segment"] != "other"]
    assert titles.pareto(few, s.RECEIVED, "zh") == "投诉件数：140 件，前 2 类合占 93%"
    assert titles.pareto(few, s.RECEIVED, "en") == "Complaints: 140 cases, 93% of them in 2 kinds"
    one = few[few["segment"] != "noise"].assign(num=[90, 10])
    assert titles.pareto(one, s.RECEIVED, "zh") == "投诉件数：100 件，最多的一类占 90%"
    assert titles.pareto(few.assign(num=0), s.RECEIVED, "en") == ""


def test_a_trend_speaks_of_its_latest_month_only_where_it_is_settled_and_inside_limits():
    drawn = s.months().assign(center=0.8, lcl=0.75, ucl=0.95, signal=False)
    assert drawn["state"].iloc[-1] == "provisional"
    assert titles.trend(drawn, s.SATISFIED, "zh") == ""
    settled = drawn.iloc[:-1]
    assert titles.trend(settled, s.SATISFIED, "zh").endswith("在正常波动的范围内")
    assert titles.trend(settled.assign(signal=True), s.SATISFIED, "zh") == ""
    assert titles.trend(s.months().iloc[:-1], s.SATISFIED, "zh") == ""


def test_a_survival_curve_tells_when_half_was_done_and_is_silent_where_it_was_not():
    curve = s.curve()
    half = curve.loc[curve["survival"] <= 0.5, "time"].min()
    assert titles.minutes(half, "en") in titles.survival(curve, s.HANDLING, "en")
    assert titles.survival(curve[curve["survival"] > 0.5], s.HANDLING, "en") == ""


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_claim_goes_before_what_is_summed_up(lang):
    found = [s.claim("leading", "signal", None, group="lift")]
    bare = charts.show(charts.pareto, s.categories(), s.RECEIVED, lang=lang).html
    told = charts.show(charts.pareto, s.categories(), s.RECEIVED, lang=lang, claim=found).html
    assert titles.pareto(s.categories(), s.RECEIVED, lang) in bare
    assert found[0].text.get(lang) in told
    assert titles.pareto(s.categories(), s.RECEIVED, lang) not in told


def test_a_funnel_counts_who_lies_outside():
    frame = s.segments().assign(signal=[False, True, False, False, True])  # the last is hidden
    title = charts_compare.funnel.telling.title
    assert title(frame, s.SATISFIED, "zh") == "业主满意率：3 个小区中 1 个超出偶然波动的范围"
    assert title(frame, s.SATISFIED, "en") == "Owner satisfaction: 1 of 3 communities outside what chance gives"
