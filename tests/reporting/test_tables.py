"""Tables say what they hold, and their states in words."""

import dataclasses
import re

import pandas as pd
import pytest

from propkit.reporting import tables
from tests.reporting import samples as s


def test_a_table_of_rates_has_caption_scopes_and_states_in_words():
    html = tables.rates_table(s.segments(), s.SATISFIED, lang="zh").html
    assert "<caption>业主满意率</caption>" in html
    assert html.count('scope="col"') == 5 and html.count('scope="row"') == 5
    assert "仅供参考" in html and "样本不足，不公布" in html and "※" in html
    assert 'data-v="57.9832"' in html


def test_months_without_data_show_a_dash():
    frame = s.rates(s.row(None, 0, state="no_data"), s.row(5, 9, period="2025-10", state="provisional"))
    html = tables.rates_table(frame, s.SATISFIED, lang="zh", by="period").html
    assert "2025年9月" in html and ">—<" in html and "无数据" in html and "暂定" in html


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_no_cell_becomes_markup(lang):
    frame = pd.DataFrame({s.HOSTILE: [s.HOSTILE, None], "数": [1, 2]})
    html = tables.table(frame, caption=s.HOSTILE, lang=lang, searchable=True, stacked=True).html
    assert "<script" not in html and "&lt;script&gt;" in html
    assert "\"'" not in re.sub(r"<[^>]*>", "", html) and "—" in html
    shown = tables.heat_map(
        s.segments(), {s.SATISFIED.id: s.SATISFIED}, lang=lang, title=s.HOSTILE, subtitle=s.HOSTILE, source=s.HOSTILE
    )
    assert "<script" not in shown.html + tables.rates_table(s.segments(), s.SATISFIED, lang=lang).html


def test_numbers_stand_right_and_dates_do_not_break():
    frame = pd.DataFrame({"项": ["甲"], "期限": ["2025-09-30"], "数": [1]})
    html = tables.table(frame, caption="表", lang="zh").html
    assert '<td class="nw">2025-09-30</td>' in html and '<td class="r">1</td>' in html


def test_a_heat_map_shades_the_difference_from_the_whole():
    html = tables.heat_map(s.segments(), {s.SATISFIED.id: s.SATISFIED}, lang="zh", title="分组").html
    cells = re.findall(r'<td class="([^"]+)"[^>]*>([^<]*)<', html)
    assert cells == [("r whole", "75"), ("r", "75"), ("r l4", "58"), ("r soft", "(68)"), ("r soft", "※")]
    assert "好于全体" in html and 'tabindex="0"' in html


def test_a_heat_map_of_a_figure_to_keep_low_turns_its_colours():
    frame = s.rates(s.row(10, 100), s.row(20, 100, segment="a", label="甲"))
    kpi = {s.SATISFIED.id: dataclasses.replace(s.SATISFIED, better="down")}
    assert 'class="r l2"' in tables.heat_map(frame, kpi, lang="zh", title="分组").html


def test_communities_stand_side_by_side():
    rows = [s.row(8, 10, community=name, label=label) for name, label in (("a", None), ("b", s.HOSTILE))]
    html = tables.kpi_table(s.rates(*rows), {s.SATISFIED.id: s.SATISFIED}, lang="zh", caption="各小区").html
    assert html.count("80%") == 2 and "小区" in html and ">a</th>" in html and "<script" not in html


def test_cells_of_a_table_that_becomes_cards_keep_their_headings():
    frame = pd.DataFrame({"户数": ["2,423"], "期限": ["2025-09-30"]})
    html = tables.table(frame, caption="表", lang="zh", numeric=["户数"], stacked=True).html
    assert '<th scope="row" class="r" data-l="户数">2,423</th>' in html and 'data-l="期限">2025-09-30</td>' in html
    named = tables.table(frame.astype(str), caption="表", lang="zh", stacked=True).html
    assert '<th scope="row">2,423</th>' in named
