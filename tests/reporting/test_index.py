"""The list of reports is made from entries alone."""

import re
import time

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


def test_five_thousand_entries_take_less_than_two_seconds():
    entries = [entry(community=f"c{place}", community_name=f"{place}号小区") for place in range(5000)]
    before = time.perf_counter()
    html = render_index(entries, lang="zh", title="报告")
    assert time.perf_counter() - before < 2 and html.count("<tr ") == 5000
    assert html == render_index(entries, lang="zh", title="报告")
