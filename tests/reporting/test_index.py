"""The list of reports is made from entries alone."""

import re

import pytest

from propkit.reporting.index import render_index
from tests.reporting import samples as s


def entry(**changes):
    return {
        "report": "monthly_review",
        "community": "yinhe",
        "community_name": "银河湾",
        "period": "2025-09",
        "state": "current",
        "path": "internal/yinhe/2025-09/monthly_review.zh.html",
        "headline": [{"label": "满意率", "text": "75%", "state": "provisional"}],
        "reason": "",
    } | changes


def test_an_entry_links_to_its_page_and_says_its_figures_and_state():
    html = render_index([entry()], lang="zh", title="报告")
    assert '<a href="./internal/yinhe/2025-09/monthly_review.zh.html">monthly_review</a>' in html
    assert "满意率 <b>75%</b>" in html and "暂定" in html and "✓ 最新" in html and "2025年9月" in html


def test_entries_of_the_manifest_are_read_as_written():
    written = entry(
        status="failed", message="缺少列「住户类型」", output={"path": "a/b.html"}, edition="owner", lang="zh"
    )
    written |= {"report_label": {"zh": "月度复盘", "en": "Monthly"}}
    del written["state"], written["path"]
    html = render_index([written], lang="zh", title="报告")
    assert "月度复盘" in html and "失败" in html and "缺少列" in html and "上次成功的版本" in html and "业主版" in html


def test_newest_period_first_then_communities_in_natural_order():
    names = [("2025-08", "2号院"), ("2025-09", "10号院"), ("2025-09", "2号院")]
    html = render_index([entry(period=period, community_name=name) for period, name in names], lang="zh", title="报告")
    assert re.findall(r'<th scope="row">([^<]+)', html) == ["2号院", "10号院", "2号院"]


@pytest.mark.parametrize("field", ["community_name", "report", "period", "path", "reason"])
def test_nothing_in_an_entry_becomes_markup(field):
    html = render_index([entry(state="failed", **{field: s.HOSTILE})], lang="zh", title=s.HOSTILE)
    assert html.count("<script") == 1 and "alert" in html


def test_a_path_stays_a_path():
    html = render_index([entry(path="javascript:alert(1)"), entry(path="//example.com/a")], lang="en", title="Reports")
    assert re.findall(r'<a href="(\./[^"]+)"', html) == ["./javascript:alert(1)", "./example.com/a"]


def test_filters_are_hidden_until_the_script_runs():
    html = render_index([entry()], lang="zh", title="报告")
    assert '<div class="filters" hidden>' in html and html.count("<select") == 4
    assert "Content-Security-Policy" in html and html.count("<h1>") == 1 and not re.search(r"https?://", html)


def test_no_reports_yet_says_how_to_make_them():
    assert "propkit run" in render_index([], lang="zh", title="报告")


def test_a_tested_change_stands_beside_its_figure_in_arrow_and_word():
    figure = {"label": "满意率", "text": "54%", "state": "ok"}
    change = {"verdict": "lower", "good": False, "text": "比去年同月下降"}
    html = render_index([entry(headline=[figure | {"change": change}, figure])], lang="zh", title="报告")
    assert html.count("▼ 变差") == 1 and 'title="比去年同月下降"' in html


def test_failures_come_first_for_whoever_must_act():
    failed = [entry(state="failed", period=f"2024-{month:02d}", reason="缺少列") for month in range(1, 13)]
    html = render_index([*failed, *failed, entry()], lang="zh", title="报告")
    top = html[html.index("<main") : html.index('class="filters"')]
    assert "24 份没有生成" in top and top.count("<li>") == 6 and "另有 19 份" in top and "缺少列" in top
    assert "没有生成" not in render_index([entry()], lang="zh", title="报告")


def test_five_thousand_entries_are_all_there_and_give_the_same_bytes():
    entries = [entry(community=f"c{place}", community_name=f"{place}号小区") for place in range(5000)]
    html = render_index(entries, lang="zh", title="报告")
    assert html.count("<tr ") == 5000
    assert html == render_index(entries, lang="zh", title="报告")
