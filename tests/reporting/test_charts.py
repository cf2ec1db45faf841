"""Charts are read back from their axes and compared with the numbers."""

import dataclasses
from functools import partial

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from propkit.reporting import charts, style
from propkit.text import Text
from tests.reporting import samples as s

EVERY = {
    "by_segment": (charts.by_segment, s.segments, s.SATISFIED),
    "trend": (charts.trend, s.months, s.SATISFIED),
    "pareto": (charts.pareto, s.categories, s.RECEIVED),
    "ageing": (charts.ageing, s.categories, s.RECEIVED),
    "bullet": (charts.bullet, s.segments, s.SATISFIED),
    "survival": (charts.survival, s.curve, s.HANDLING),
}


def words(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def dots(ax):
    return np.asarray(ax.collections[-1].get_offsets(), dtype=float)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_chart_draws_on_its_own_axes_and_on_given_ones(name, lang):
    chart, frame, kpi = EVERY[name]
    assert chart(frame(), kpi, lang=lang).get_figure().get_figwidth() == style.WIDE
    given = Figure(figsize=(5, 4)).add_subplot()
    before = given.get_position().bounds
    assert chart(frame(), kpi, lang=lang, ax=given) is given
    assert given.get_position().bounds == before and given.get_figure().get_figheight() == 4


@pytest.mark.parametrize("name", EVERY)
def test_charts_leave_no_settings_and_no_open_figure_behind(name):
    before = dict(mpl.rcParams)
    chart, frame, kpi = EVERY[name]
    chart(frame(), kpi, lang="zh")
    assert dict(mpl.rcParams) == before
    assert plt.get_fignums() == []


def test_a_segment_has_its_dot_its_interval_and_its_label():
    ax = charts.by_segment(s.segments(), s.SATISFIED, lang="zh")
    assert dots(ax)[:, 0] == pytest.approx([640 / 854 * 100, 69 / 119 * 100, 15 / 22 * 100])
    spans = next(item for item in ax.collections if isinstance(item, LineCollection)).get_segments()
    assert spans[1][:, 0] == pytest.approx([69 / 119 * 100 - 10, 69 / 119 * 100 + 10])
    labels = [label.get_text() for label in ax.get_yticklabels()]
    assert labels[:2] == ["业主自住", "业主出租"] and "其他住户" in labels
    assert {"n=854", "n=119", "75%", "58%"} <= set(words(ax))
    assert "全体 75%" in words(ax) and ax.lines[0].get_xdata()[0] == pytest.approx(75)


def test_no_figure_beside_a_mark_reads_as_all_or_none_by_rounding():
    assert "全体 >99%" in words(charts.by_segment(s.segments(), s.SATISFIED, lang="zh", overall=0.9996))
    assert "全体 100%" in words(charts.by_segment(s.segments(), s.SATISFIED, lang="zh", overall=1.0))
    assert "全体 <0.1%" in words(charts.by_segment(s.segments(), s.SATISFIED, lang="zh", overall=0.0004))
    months = s.months().iloc[:-1].assign(num=[170] * 11 + [1999], den=[200] * 11 + [2000], value=[0.85] * 11 + [0.9995])
    assert ">99%" in words(charts.trend(months, s.SATISFIED, lang="zh"))


def test_a_suppressed_segment_keeps_its_row_without_any_number():
    ax = charts.by_segment(s.segments(), s.SATISFIED, lang="zh")
    assert "样本不足，已隐藏" in words(ax)
    assert not {"n=5", "n<10", "20%"} & set(words(ax))
    assert len(dots(ax)) == 3


def test_only_a_claim_fills_colours_and_points_a_segment():
    bare = charts.by_segment(s.segments(), s.SATISFIED, lang="zh")
    assert {to_hex(colour) for colour in bare.collections[-1].get_facecolors()} == {style.PAPER}
    assert not set("▲▼") & set(words(bare))
    found = [s.claim("segment", "lower", False, group="landlord")]
    told = charts.by_segment(s.segments(), s.SATISFIED, lang="zh", claim=found)
    assert [to_hex(colour) for colour in told.collections[-1].get_facecolors()] == [
        style.PAPER,
        style.VERMILION,
        style.PAPER,
    ]
    assert words(told).count("▼") == 1


def test_segments_can_be_ordered_by_value():
    ax = charts.by_segment(s.segments(), s.SATISFIED, lang="zh", order="value")
    values = dots(ax)[:, 0]
    assert list(values) == sorted(values, reverse=True)


def test_dimensions_head_their_segments():
    frame = s.segments().iloc[1:].assign(dimension=["住户类型", "住户类型", "年龄", "年龄"])
    ax = charts.by_segment(frame, s.SATISFIED, lang="zh")
    assert words(ax).count("住户类型") == 1 and list(ax.get_yticks()) == [1, 2, 4.25, 5.25]


def test_a_trend_joins_settled_months_and_leaves_the_provisional_one_hollow():
    ax = charts.trend(s.months(), s.SATISFIED, lang="zh")
    settled = next(line for line in ax.lines if len(line.get_ydata()) == 13)
    assert settled.get_ydata()[:2] == pytest.approx([85, 85.5]) and np.isnan(settled.get_ydata()[-1])
    assert to_hex(ax.collections[-1].get_facecolors()[-1]) == style.PAPER
    assert [label.get_text() for label in ax.get_xticklabels()][:2] == ["9月\n2024年", "10月"]
    assert "目标 85%" in words(ax)


def test_a_trend_with_limits_shows_them_and_rings_the_months_outside():
    frame = s.months().assign(center=0.8, lcl=0.75, ucl=0.88, signal=[False] * 8 + [True] + [False] * 4)
    found = [s.claim("signal", "higher", True, group="2025-05")]
    ax = charts.trend(frame, s.SATISFIED, lang="zh", claim=found)
    assert {"上限 88%", "均值 80%", "下限 75%"} <= set(words(ax))
    ring = ax.collections[-1]
    assert np.asarray(ring.get_offsets())[0] == pytest.approx([8, 89])
    assert to_hex(ring.get_edgecolors()[0]) == style.BLUE


def test_a_trend_with_missing_months_has_gaps():
    frame = s.months()
    frame.loc[3, ["n", "num", "den", "value", "low", "high"]] = None
    frame.loc[3, "state"] = "no_data"
    line = next(line for line in charts.trend(frame, s.SATISFIED, lang="zh").lines if len(line.get_ydata()) == 13)
    assert np.isnan(line.get_ydata()[3])


def test_a_pareto_puts_the_remainder_last_and_cuts_at_four_fifths():
    ax = charts.pareto(s.categories(), s.RECEIVED, lang="zh")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["停车", "电梯", "噪音", "其他"]
    assert [patch.get_width() for patch in ax.patches] == [80, 50, 10, 60]
    assert [text for text in words(ax) if text.endswith("%")] == ["40%", "65%", "70%", "100%"]
    assert [to_hex(patch.get_facecolor()) for patch in ax.patches] == [style.BLUE] * 4


def test_bars_of_equal_names_stay_apart():
    frame = s.categories().assign(label="同名")
    assert len(charts.pareto(frame, s.RECEIVED, lang="zh").patches) == 4


def test_ageing_keeps_the_order_of_the_bands_and_writes_each_amount_at_its_bar():
    bands = {
        "0-3": ("3个月内", 8_528_800),
        "3-12": ("3–12个月", 8_368_600),
        "12-24": ("1–2年", 1_579_100),
        "24+": ("2年以上", 0),
    }
    rows = [s.row(fen, None, segment=name, label=label, n=3, value=fen) for name, (label, fen) in bands.items()]
    owed = dataclasses.replace(s.RECEIVED, unit=Text("元", "yuan"), scale=0.01)
    ax = charts.ageing(s.rates(*rows), owed, lang="zh")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["3个月内", "3–12个月", "1–2年", "2年以上"]
    assert [patch.get_width() for patch in ax.patches] == pytest.approx([85_288, 83_686, 15_791, 0])
    assert words(ax) == ["85,288 元", "83,686 元", "15,791 元", "0 元"]
    assert [to_hex(patch.get_facecolor()) for patch in ax.patches] == [style.TINT] * 2 + [style.BLUE] * 2


def test_the_marks_of_an_axis_are_told_apart():
    rows = [s.row(num, 1000, segment=f"g{num}", label=f"{num}", low=None, high=None) for num in (902, 915, 922)]
    ax = charts.by_segment(s.rates(*rows), s.SATISFIED, lang="zh")
    ax.get_figure().canvas.draw()
    written = [label.get_text() for label in ax.get_xticklabels()]
    assert len(written) > 2 and len(set(written)) == len(written)
    assert "这项数字不给区间" in charts.show(charts.by_segment, s.rates(*rows), s.SATISFIED, lang="zh").html


def test_a_bullet_is_coloured_by_its_claim_alone():
    told = [s.claim("target", "not_attained", False, group="landlord")]
    ax = charts.bullet(s.segments(), s.SATISFIED, lang="zh", claim=told)
    assert [to_hex(patch.get_facecolor()) for patch in ax.patches].count(style.VERMILION) == 1
    assert ax.patches[1].get_width() == pytest.approx(640 / 854 * 100)
    assert "目标 85%" in words(ax)


def test_a_survival_curve_starts_at_all_and_names_what_is_open():
    ax = charts.survival(s.curve(), s.HANDLING, lang="zh", n_open=8)
    assert list(ax.lines[0].get_ydata()) == pytest.approx([100, 80, 45, 20])
    assert list(ax.lines[0].get_xdata()) == pytest.approx([0, 1, 10, 25])
    assert "8 件尚未完成" in ax.get_xlabel() and "承诺 24 小时" in words(ax)
    assert (
        charts.survival_words(s.curve(), s.HANDLING, "zh")
        == "处理时间：50% 完成 10.0 小时，75% 完成 25.0 小时，90% 完成 尚未达到"
    )


def test_a_long_label_is_shortened_to_its_room():
    frame = s.segments().assign(label="一个长得放不下的分组名称" * 6)
    for width in (style.WIDE, style.NARROW):
        ax = charts.by_segment(frame, s.SATISFIED, lang="zh", ax=style.canvas(width))
        label = ax.get_yticklabels()[0].get_text()
        assert label.endswith("…") and style.text_width(label) <= style.label_room(ax)


def test_the_title_of_a_figure_is_a_finding_or_neutral():
    show = partial(charts.show, charts.by_segment, s.segments(), s.SATISFIED, lang="zh")
    assert '<strong class="t">业主满意率</strong>' in show().html
    partly = s.claim("change", "lower", False, zh="比上月下降")
    found = s.claim("segment", "lower", False, group="landlord", zh="业主出租低 19 个百分点")
    assert '<strong class="t">业主出租低 19 个百分点</strong>' in show(claim=[partly, found]).html
    assert '<strong class="t">甲</strong>' in show(claim=found, title="甲").html


def test_a_figure_of_nothing_is_still_a_figure():
    empty = s.segments().iloc[:0]
    assert "<svg" in charts.show(charts.by_segment, empty, s.SATISFIED, lang="zh").html
    hidden = s.rates(s.row(1, 5, segment="a", label="甲", state="suppressed"))
    for chart in (charts.by_segment, charts.bullet):
        assert "<svg" in charts.show(chart, hidden, s.SATISFIED, lang="en").html
