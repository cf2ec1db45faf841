"""Pictures are small, stable, readable and safe."""

import base64
import re
import xml.etree.ElementTree as ET
from functools import partial

import matplotlib as mpl
import pytest

from propkit.reporting import charts, style, svg
from tests.reporting import samples as s


@pytest.fixture(scope="module")
def shown():
    return charts.show(charts.by_segment, s.segments(), s.SATISFIED, lang="zh", source=s.HOSTILE)


def pictures(display):
    return [ET.fromstring(text) for text in re.findall(r"<svg.*?</svg>", display.html, re.DOTALL)]


def test_a_chart_is_drawn_for_desk_and_phone(shown):
    wide, narrow = pictures(shown)
    assert (wide.get("class"), narrow.get("class")) == ("pk-w", "pk-n")
    widths = [float(picture.get("viewBox").split()[2]) for picture in (wide, narrow)]
    assert widths == pytest.approx([style.WIDE * 72, style.NARROW * 72])


def test_the_same_figures_give_the_same_bytes(shown):
    again = charts.show(charts.by_segment, s.segments(), s.SATISFIED, lang="zh", source=s.HOSTILE)
    assert again == shown


@pytest.mark.parametrize("text", ["</text><script>", "<script"])
def test_no_name_from_the_data_becomes_markup(shown, text):
    assert text not in shown.html.lower() and text not in shown.fallback.lower()


def test_every_picture_has_a_title_and_a_description(shown):
    for picture in pictures(shown):
        assert picture.get("role") == "img"
        title, desc = picture.find("title"), picture.find("desc")
        assert picture.get("aria-labelledby").split() == [title.get("id"), desc.get("id")]
        assert title.text and "58%" in desc.text


def test_ids_are_unique_even_between_different_charts(shown):
    other = charts.show(charts.trend, s.months(), s.SATISFIED, lang="zh")
    ids = re.findall(r'\bid="([^"]+)"', shown.html + other.html)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'href="#([^"]+)"', other.html)) <= set(ids)


def test_texts_say_their_length_and_take_the_font_of_the_page(shown):
    texts = [text for picture in pictures(shown) for text in picture.iter("text") if len(text.text) > 1]
    assert texts and all(float(text.get("textLength")) > 0 for text in texts)
    assert "font-family" not in shown.html
    sizes = [float(size) for size in re.findall(r"font-size[:=]\"?([\d.]+)", shown.html)]
    assert min(sizes) * 358 / (style.NARROW * 72) >= 11


def test_colours_are_variables_on_the_page_and_literal_in_a_notebook(shown):
    assert not re.findall(r"#[0-9a-f]{6}", shown.html) and "var(--ink)" in shown.html
    picture = base64.b64decode(re.search(r"base64,([^\"]+)", shown.fallback)[1]).decode()
    assert "var(" not in picture and style.INK in picture
    assert ET.fromstring(picture).find("{http://www.w3.org/2000/svg}rect").get("fill") == style.PAPER


def test_the_notebook_form_survives_a_sanitiser(shown):
    assert "<svg" not in shown.fallback and "<style" not in shown.fallback
    assert re.search(r'<img alt="[^"]+"', shown.fallback)


def test_numbers_have_at_most_two_decimals(shown):
    for picture in pictures(shown):
        assert not re.findall(r"\d\.\d{3,}", " ".join(path.get("d") for path in picture.iter("path")))


def test_a_chart_of_any_origin_can_be_shown():
    def draw(*, ax):
        ax.plot([1, 2, 3], marker="s", label="方")
        ax.legend()
        return ax

    shown = svg.figure(draw, title="标题", alt="说明", lang="zh")
    assert shown.text == "标题。说明" and "clip-path" in shown.html
    assert len(pictures(shown)) == 2


def test_style_leaves_no_trace_and_knows_a_chinese_font():
    before = dict(mpl.rcParams)
    with style.use():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert dict(mpl.rcParams) == before
    assert style.family() != style.FALLBACK_FAMILY
    assert style.text_width("汉字", 10) == pytest.approx(20, abs=0.5)


def test_without_any_chinese_font_there_is_one_warning(monkeypatch):
    monkeypatch.setattr(style.font_manager.fontManager, "ttflist", [])
    monkeypatch.setattr(style.importlib.util, "find_spec", lambda name: None)
    with pytest.warns(UserWarning, match="zhplot"):
        assert style.family.__wrapped__() == style.FALLBACK_FAMILY


def test_crowded_words_are_moved_apart_and_no_further():
    assert style.spread([5.0, 1.0, 5.2], 1) == [5.0, 1.0, 6.0]


def test_a_picture_of_the_page_is_small():
    show = partial(charts.show, charts.trend, s.months(), s.SATISFIED, lang="zh")
    assert max(len(ET.tostring(picture)) for picture in pictures(show())) < 9_000
