"""A page is one file that asks for nothing, runs one script and shows nothing of the machine."""

import base64
import hashlib
import re
from html.parser import HTMLParser

import pytest
from nbformat import v4

from propkit.reporting import cards, charts, page, tables
from propkit.reporting.display import Heading, Receipt
from propkit.reporting.template import asset
from tests.reporting import samples as s

META = {
    "kicker": "2025年9月",
    "facts": ["1,268 份", s.HOSTILE],
    "home": "../index.html",
    "as_of": "2025-10-15",
    "data": "9f3c1a",
    "notebook": "77ab01",
    "version": "0.1.0",
    "parameters": {"community": "yinhe", "note": s.HOSTILE},
    "clock": "12:00",
}


def report():
    return s.notebook(
        "# 标题",
        cards.summary("结论", [s.HOSTILE], lang="zh"),
        Heading("关键指标"),
        cards.cards(s.months(), [s.SATISFIED], period="2025-09", lang="zh"),
        "## 谁更不满意 & 为什么？\n\n说明",
        charts.show(charts.by_segment, s.segments(), s.SATISFIED, lang="zh"),
        tables.heat_map(s.segments(), {s.SATISFIED.id: s.SATISFIED}, lang="zh", title="分组"),
        cards.definition(s.SATISFIED, lang="zh"),
        Receipt({"canary": "receipt-canary"}),
    )


@pytest.fixture(scope="module")
def html():
    return page.render(report(), title="翠湖花园" + s.HOSTILE, lang="zh", meta=META)


class Reader(HTMLParser):
    """Collects elements, and complains of tags that do not close."""

    VOID = frozenset({"meta", "link", "img", "br", "input", "path", "circle", "rect", "polyline", "use", "hr"})

    def __init__(self):
        super().__init__()
        self.found, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert tag in self.VOID or self.open.pop() == tag


def read(html):
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader.found


def test_a_page_asks_for_nothing_outside_itself(html):
    for tag, attrs in read(html):
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            address = attrs.get(name) or ""
            assert re.match(r"(#|data:|\.\./index\.html$|$)", address), (tag, name, address)
    assert not re.search(r"https?://|@import", html)
    assert "url(" not in asset("page.css")


def test_the_policy_comes_first_and_allows_only_our_script(html):
    head = html[html.index("<head>") :]
    assert re.match(r'<head>\s*<meta http-equiv="Content-Security-Policy"', head)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = re.search(r'content="(default-src[^"]+)"', html)[1]
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy and "unsafe-eval" not in policy
    assert html.count("<script>") == 1


def test_one_first_heading_and_the_landmarks(html):
    tags = [tag for tag, _ in read(html)]
    assert tags.count("h1") == tags.count("main") == tags.count("nav") == tags.count("footer") == 1
    assert ("html", {"lang": "zh-CN"}) in read(html) and "跳到正文" in html


def test_headings_open_sections_and_fill_the_contents(html):
    assert re.findall(r'<h2 id="(s\d)">([^<]+)</h2>', html) == [("s1", "关键指标"), ("s2", "谁更不满意 &amp; 为什么？")]
    assert re.findall(r'<li><a href="#(s\d)">([^<]+)</a>', html) == [
        ("s1", "关键指标"),
        ("s2", "谁更不满意 &amp; 为什么？"),
    ]
    assert html.count("<section") == html.count("</section>") == 3


def test_a_page_that_begins_with_a_heading_has_no_empty_section():
    text = page.render(s.notebook(Heading("甲"), "正文"), title="题", lang="en", meta={})
    assert text.count("<section") == 1 and 'lang="en"' in text and "<nav" not in text


def test_the_foot_says_where_the_figures_come_from(html):
    foot = html[html.index("<footer>") :]
    for words in ("9f3c1a", "77ab01", "0.1.0", "community=yinhe", "2025-10-15"):
        assert words in foot
    assert "12:00" not in html


def test_nothing_from_data_becomes_markup(html):
    assert "<script>alert" not in html and "&lt;script&gt;alert" in html


def test_the_same_notebook_gives_the_same_bytes(html):
    assert page.render(report(), title="翠湖花园" + s.HOSTILE, lang="zh", meta=META) == html


def test_prints_warnings_errors_widgets_and_receipts_are_not_shown(html):
    widget = {page.WIDGET: {"model_id": "canary"}, "text/plain": "VBox(canary)", "text/html": "<b>canary</b>"}
    outputs = [
        v4.new_output("stream", name="stderr", text="/home/somebody/canary"),
        v4.new_output("stream", name="stdout", text="canary"),
        v4.new_output("error", ename="KeyError", evalue="canary", traceback=["canary"]),
        v4.new_output("display_data", data=widget),
        v4.new_output("execute_result", data={"text/plain": "<Axes: canary>"}),
        v4.new_output("execute_result", data={"text/plain": "PosixPath('/home/somebody/canary')"}),
        v4.new_output("display_data", data={"application/javascript": "canary"}),
        v4.new_output("display_data", data={"text/vnd.mermaid": "canary"}),
    ]
    hidden = v4.new_code_cell("'canary'", outputs=[], metadata={"tags": ["parameters"]})
    skipped = v4.new_markdown_cell("canary", metadata={"tags": ["papermill-error-cell-tag"]})
    raw = v4.new_raw_cell("canary", metadata={"raw_mimetype": "text/html"})
    book = v4.new_notebook(cells=[v4.new_code_cell("canary()", outputs=outputs), hidden, skipped, raw])
    text = page.render(book, title="题", lang="zh", meta={})
    assert "canary" not in text
    assert "receipt-canary" not in html


def test_foreign_html_loses_everything_that_acts():
    cell = "<td>1<script>alert(1)</script><img src=x></td>"
    data = f'<style>p{{color:red}}</style><table onclick="x()"><tr>{cell}</tr></table>'
    text = page.render(s.notebook({"text/html": data, "text/plain": "t"}), title="题", lang="zh", meta={})
    assert "<td>1</td>" in text and "onclick" not in text and "alert" not in text and "color:red" not in text


def test_pictures_are_taken_as_bytes_only():
    text = page.render(s.notebook({"image/png": 'aGk="><script>', "text/plain": "t"}), title="题", lang="zh", meta={})
    assert 'base64,aGk=script"' in text


def test_markdown_of_people_is_text():
    written = (
        "<b onclick=x>粗</b> [外](https://example.com) [内](a.html) ![图](http://example.com/a.png) <javascript:x>"
    )
    text = page.markdown(
        written + "\n\n<div>块</div>\n\n```mermaid\nx<y\n```\n\n- 列\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    )
    assert "<b" not in text and "<div" not in text and "&lt;div&gt;" in text
    assert re.findall(r'href="([^"]*)"', text) == ["a.html"] and "<img" not in text and 'mermaid"' not in text
    assert "<li>列</li>" in text and "<table>" in text and "x&lt;y" in text


@pytest.mark.parametrize(
    "address", ["https://example.com", "//example.com", "javascript:alert(1)", " data:text/html,x"]
)
def test_the_way_home_stays_at_home(address):
    assert "example" not in page.render(s.notebook("x"), title="题", lang="zh", meta={"home": address})
    assert 'class="kicker"' not in page.render(s.notebook("x"), title="题", lang="zh", meta={"home": address})


def test_a_page_is_small_and_flat(html):
    assert len(html.encode()) < 60_000 and len(read(html)) < 800


def _luminance(colour):
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


PAIRS = [
    ("ink", "paper"),
    ("ink", "panel"),
    ("muted", "paper"),
    ("muted", "panel"),
    ("good", "paper"),
    ("bad", "paper"),
]
PAIRS += [("good", "goodbg"), ("bad", "badbg"), ("ink", "statebg"), ("good", "panel"), ("bad", "panel")]
PAIRS += [
    ("ink", "h1"),
    ("ink", "h2"),
    ("on3", "h3"),
    ("on4", "h4"),
    ("ink", "l1"),
    ("ink", "l2"),
    ("on3", "l3"),
    ("on4", "l4"),
]


@pytest.mark.parametrize("scheme", [0, 1, 2], ids=["light", "dark", "print"])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_text_stands_out_from_its_ground(scheme, pair):
    blocks = re.findall(r":root\{([^}]*)\}", asset("page.css"))
    tokens = dict(re.findall(r"--([a-z0-9]+):(#[0-9a-f]{6})", blocks[scheme]))
    assert _contrast(tokens[pair[0]], tokens[pair[1]]) >= 4.5
