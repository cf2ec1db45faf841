"""Cards say what a claim says and nothing more."""

import dataclasses
import re

from propkit import domains
from propkit.model import Kpi
from propkit.reporting import cards
from tests.reporting import samples as s


def test_a_card_without_claims_has_no_arrow_no_judgement_and_no_colour():
    shown = cards.cards(s.months(), [s.SATISFIED], period="2025-09", lang="zh")
    assert not re.search("[▲▼]|改善|变差|达标", shown.html)
    assert '<div class="pk-card">' in shown.html and "目标 ≥85%" in shown.html
    assert "暂定" in shown.html and "n=200" in shown.html and "81–100%" in shown.html


def test_a_card_repeats_its_claims():
    claims = [
        s.claim("change", "lower", False, zh="比上月下降 3 个百分点"),
        s.claim("target", "attained", True, zh="达标"),
    ]
    html = cards.cards(s.months(), [s.SATISFIED], period="2025-09", lang="zh", claims=claims).html
    assert '<b class="bad">▼ 变差</b> 比上月下降 3 个百分点' in html
    assert "✓ 达标" in html and '<div class="pk-card good">' in html


def test_no_clear_change_is_said_without_an_arrow():
    html = cards.card(s.row(3, 4), s.SATISFIED, lang="zh", claims=[s.claim("change", "no_clear_change", None)]).html
    assert "结论" in html and not re.search("[▲▼]", html)


def test_claims_about_a_segment_stay_off_the_card():
    claims = [s.claim("change", "lower", False, group="landlord")]
    assert "▼" not in cards.cards(s.months(), [s.SATISFIED], period="2025-09", lang="zh", claims=claims).html


def test_a_card_without_data_says_so():
    shown = cards.cards(s.months(), [s.SATISFIED], period="2030-01", lang="zh")
    assert "无数据" in shown.html and "—" in shown.html


def test_a_sparkline_ends_hollow_while_provisional_and_breaks_at_gaps():
    frame = s.months()
    frame.loc[4, "value"] = None
    line = cards.sparkline(frame, s.SATISFIED, lang="zh", target=85)
    assert line.count("<polyline") == 2 and 'class="o"' in line and 'class="g"' in line
    assert 'aria-label="2024年9月 85% 至 2025年9月 91%"' in line
    assert cards.sparkline(frame.head(1), s.SATISFIED, lang="zh") == ""


def test_the_notebook_form_of_a_card_needs_no_style_sheet():
    shown = cards.cards(s.months(), [s.SATISFIED], period="2025-09", lang="zh")
    assert "<svg" not in shown.fallback and "data:image/svg+xml;base64," in shown.fallback


def test_a_definition_names_both_halves_and_escapes_them():
    kpi = dataclasses.replace(s.SATISFIED, note=s.Text(s.HOSTILE, ""))
    html = cards.definition(kpi, lang="zh", as_of="2025-10-15").html
    assert "评 4 或 5 分的" in html and "有效评分" in html and "2025-10-15" in html and "<script" not in html
    assert "处理时间" in cards.definitions([s.HANDLING], lang="zh").html


def test_the_answer_marks_only_welcome_and_unwelcome_findings():
    points = [
        s.claim("signal", "lower", False, zh="甲"),
        s.claim("signal", "higher", True, zh="乙"),
        s.Text(s.HOSTILE, ""),
    ]
    shown = cards.summary("一句话", points, lang="zh")
    assert shown.html.count("需关注") == 1 and shown.html.count(">好<") == 1 and "<script" not in shown.html
    assert shown.text.startswith("一句话 甲 乙")


def test_every_definition_card_says_in_words_what_dates_the_figure() -> None:
    items = [*domains.KPIS.values(), *domains.DURATIONS.values()]
    dated = [(one.id, one.dated_by if isinstance(one, Kpi) else one.start, domains.date_labels(one)) for one in items]
    assert [(name, date) for name, date, labels in dated if date not in labels] == []
