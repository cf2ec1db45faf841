"""Charts that compare are read back from their axes, and what stands for them from the same figures."""

import re
from functools import partial

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from propkit import stats
from propkit.reporting import charts, charts_compare, charts_panels, style, tables
from tests.reporting import samples as s

NUMBERS = ("n", "num", "den", "value", "low", "high")


def communities():
    """Three communities, one outside the limits, and one that is hidden."""
    return s.rates(
        s.row(2000, 2500),
        s.row(164, 200, segment="a", label="甲", signal=False),
        s.row(330, 500, segment="b", label="乙", signal=True),
        s.row(22, 28, segment="c", label="丙", signal=False, state="unreliable"),
        s.row(1, 3, segment="d", label=s.HOSTILE, signal=False, state="suppressed"),
    )


def limits():
    n = np.arange(5, 701, 5)
    return pd.DataFrame(stats.funnel_limits(0.8, n)).assign(n=n)


def around(count=16, shift=0, **changes):
    frame = s.months(count, **changes)
    frame["num"] = frame["num"] + shift
    frame["value"] = frame["num"] / frame["den"]
    return frame


def before():
    return around(center=0.85, lcl=0.78, ucl=0.92, signal=False)


def several():
    """Two series of thirteen months; two months of the second are hidden."""
    frame = pd.concat([s.months(segment=name, label=label) for name, label in (("a", "甲"), ("b", "乙"))])
    frame = frame.reset_index(drop=True)
    gone = frame["segment"].eq("b") & frame["period"].isin(["2025-01", "2025-02"])
    frame.loc[gone, list(NUMBERS)] = None
    frame.loc[gone, "state"] = "suppressed"
    return frame


def visits():
    rows = [
        s.row(num, None, weekday=day, hour=hour, n=num, value=num)
        for day, hour, num in ((0, 0, 8), (0, 1, 0), (4, 6, 2))
    ]
    return s.rates(*rows, s.row(1, None, weekday=6, hour=23, n=1, value=1, state="suppressed"))


funnel = partial(charts_compare.funnel, limits=limits(), center=0.8)
before_after = partial(charts_compare.before_after, start="2025-03")
EVERY = {
    "funnel": (charts_compare.funnel, communities, {"limits": limits(), "center": 0.8}),
    "before_after": (charts_compare.before_after, before, {"start": "2025-03", "others": around(shift=-20)}),
    "small_multiples": (charts_panels.small_multiples, several, {}),
}


def words(ax):
    return [text.get_text() for text in ax.texts if text.get_text()]


def text_of(html):
    return re.sub(r"<[^>]+>", " ", html)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_chart_draws_on_its_own_axes_and_on_given_ones(name, lang):
    chart, frame, options = EVERY[name]
    assert chart(frame(), s.SATISFIED, lang=lang, **options).get_figure().get_figwidth() == style.WIDE
    given = Figure(figsize=(5, 4)).add_subplot()
    place = given.get_position().bounds
    assert chart(frame(), s.SATISFIED, lang=lang, ax=given, **options) is given
    assert given.get_position().bounds == place and given.get_figure().get_figheight() == 4


@pytest.mark.parametrize("name", EVERY)
def test_a_figure_has_the_same_bytes_each_time_and_leaves_nothing_behind(name):
    chart, frame, options = EVERY[name]
    settings = dict(mpl.rcParams)
    first, second = (charts.show(chart, frame(), s.SATISFIED, lang="zh", **options) for _ in range(2))
    assert first == second
    assert dict(mpl.rcParams) == settings and plt.get_fignums() == []


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_figure_is_whole_without_chinese_fonts(name, lang, monkeypatch):
    chart, frame, options = EVERY[name]
    show = partial(charts.show, chart, frame(), s.SATISFIED, lang=lang, **options)
    usual = show()
    monkeypatch.setattr(style, "family", lambda: style.FALLBACK_FAMILY)
    for cached in (style.settings, style.text_width):
        cached.cache_clear()
    bare = show()
    for cached in (style.settings, style.text_width):
        cached.cache_clear()
    assert bare.text == usual.text
    labels = [re.findall(r"<text[^>]*>([^<]+)", shown.html) for shown in (bare, usual)]
    assert set(labels[0]) & set(labels[1]) and "□" not in bare.html


def test_a_funnel_sets_figures_against_cases_within_the_limits_given():
    ax = funnel(communities(), s.SATISFIED, lang="zh")
    dots = np.asarray(ax.collections[1].get_offsets(), dtype=float)
    assert dots[:, 0] == pytest.approx([200, 500, 28])
    assert dots[:, 1] == pytest.approx([82, 66, 22 / 28 * 100])
    lower = next(line for line in ax.lines if len(line.get_ydata()) == len(limits()))
    assert lower.get_ydata()[39] == pytest.approx(stats.funnel_limits(0.8, 200)["low95"] * 100)
    assert {"99.8%", "总体 80%", "乙", "丙（仅供参考）"} <= set(words(ax))


def test_a_funnel_rings_what_lies_outside_and_only_a_claim_colours_it():
    bare = funnel(communities(), s.SATISFIED, lang="zh").collections[-1]
    assert np.asarray(bare.get_offsets())[0] == pytest.approx([500, 66])
    assert to_hex(bare.get_edgecolors()[0]) == style.INK
    told = funnel(communities(), s.SATISFIED, lang="zh", claim=s.claim("funnel", "lower", False, group="b"))
    assert to_hex(told.collections[-1].get_edgecolors()[0]) == style.VERMILION


def test_a_funnel_says_how_many_are_not_drawn_and_gives_no_number_of_theirs():
    shown = charts.show(charts_compare.funnel, communities(), s.SATISFIED, lang="zh", **EVERY["funnel"][2])
    assert "另有 1 个样本不足或无数据" in shown.html and "超出范围：乙。" in shown.text
    assert "※" in shown.text and not re.search(r"33%|n=3\b", text_of(shown.html))


def test_before_and_after_show_the_start_the_limits_and_the_comparison():
    ax = before_after(before(), s.SATISFIED, lang="zh", others=around(shift=-20))
    assert {"开始 2025年3月", "上限 92%", "下限 78%", "对照 82%"} <= set(words(ax))
    assert any(list(line.get_xdata()) == [5.5, 5.5] for line in ax.lines)
    other = next(line for line in ax.lines if to_hex(line.get_color()) == style.GREY and len(line.get_ydata()) == 16)
    assert other.get_ydata()[:2] == pytest.approx([75, 75.5])
    assert ax.get_xlabel() == "每月 n=200"


def test_before_and_after_are_told_from_the_figures_drawn():
    shown = charts.show(
        charts_compare.before_after, before(), s.SATISFIED, lang="zh", start="2025-03", others=around(shift=-20)
    )
    assert "之前 6 个月 85%–88%，之后 10 个月 88%–92%" in shown.text.replace("87.5%", "88%")
    assert "对照小区：之前 6 个月 75%–78%" in shown.text.replace("77.5%", "78%")
    assert shown.html.count("<tr>") == 17 and "2025年3月 ◂ 开始" in shown.html


def test_a_hidden_month_is_a_gap_on_both_sides_of_the_comparison():
    frame = before()
    frame.loc[2, list(NUMBERS)] = None
    frame.loc[2, "state"] = "suppressed"
    ax = before_after(frame, s.SATISFIED, lang="en", others=frame)
    lines = [line for line in ax.lines if len(line.get_ydata()) == 16]
    assert all(np.isnan(line.get_ydata()[2]) for line in lines)
    assert "※" in charts.show(charts_compare.before_after, frame, s.SATISFIED, lang="en", start="2025-03").html


def test_small_plots_share_a_scale_and_say_name_cases_and_last_figure():
    ax = charts_panels.small_multiples(several(), s.SATISFIED, lang="zh")
    panels = ax.child_axes
    assert len(panels) == 2 and len({panel.get_ylim() for panel in panels}) == 1
    assert {"甲", "91%", "n=200"} <= set(words(panels[0]))
    own = [line for line in panels[1].lines if to_hex(line.get_color()) == style.BLUE]
    assert len(own) == 1 and list(np.isnan(own[0].get_ydata()).nonzero()[0]) == [4, 5]
    assert to_hex(panels[0].collections[-1].get_facecolors()[-1]) == style.PAPER


def test_small_plots_of_one_value_have_a_scale_with_two_ends():
    frame = several().assign(value=1.0, low=0.99, high=1.0)
    panel = charts_panels.small_multiples(frame, s.SATISFIED, lang="zh").child_axes[0]
    low, high = panel.get_ylim()
    assert high - low >= 1
    assert [tick.get_text() for tick in panel.get_yticklabels()] == ["99%", "100%"]


def test_only_a_claim_points_a_small_plot():
    told = charts_panels.small_multiples(
        several(), s.SATISFIED, lang="zh", claim=s.claim("segment", "higher", True, group="a")
    )
    assert "91% ▲" in words(told.child_axes[0]) and not set("▲▼") & set("".join(words(told.child_axes[1])))


def test_small_plots_are_told_from_first_to_last_and_hide_what_is_hidden():
    shown = charts.show(charts_panels.small_multiples, several(), s.SATISFIED, lang="zh")
    assert "甲 2024年9月 85% 至 2025年9月 91%" in shown.text
    assert shown.html.count("<td") == 26 and text_of(shown.html).count("※") == 2


@pytest.mark.parametrize("name", EVERY)
def test_a_chart_of_nothing_is_still_a_figure(name):
    chart, frame, options = EVERY[name]
    options = {key: value for key, value in options.items() if key != "others"}
    assert "<svg" in charts.show(chart, frame().iloc[:0], s.SATISFIED, lang="zh", **options).html
    one = frame().assign(state="suppressed")
    one.loc[:, list(NUMBERS)] = None
    shown = charts.show(chart, one, s.SATISFIED, lang="en", **options)
    assert not re.search(r"n=\d", text_of(shown.html))


def test_hours_run_down_and_weekdays_across():
    shown = tables.heat_hours(visits(), s.RECEIVED, lang="zh", title="巡更")
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th>(.*?)</tr>', shown.html)
    assert len(rows) == 24 and rows[0][0] == "00–01" and all(row.count("<td") == 7 for _, row in rows)
    assert rows[0][1].startswith('<td class="r h4"') and ">8</td>" in rows[0][1]
    assert 'class="r none"' in rows[1][1] and ">0</td>" in rows[1][1]
    assert 'class="r h1"' in rows[6][1] and rows[23][1].count("※") == 1 and rows[23][1].count("—") == 6
    assert "</i> 7–8" in shown.html
    assert shown.text == "巡更：最多为周一 0 时 8 件；一周中 1 个时段为 0。"
    assert tables.heat_hours(visits().iloc[:0], s.RECEIVED, lang="en", title="Patrols").text == "Patrols: no data."
