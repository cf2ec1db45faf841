"""Notes: read strictly, shown safely, withheld from owners unless released; photos small, bare and from one folder only."""

from __future__ import annotations

import base64
import io
import random
import re
import struct
import zlib
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from propkit import domains
from propkit.errors import ConfigError
from propkit.model import Cut, Note
from propkit.periods import parse_period
from propkit.reporting import notes, page, photos
from propkit.reporting import sections as show
from propkit.reporting.book import Book
from propkit.reporting.display import Heading
from propkit.reporting.template import policy
from propkit.text import Text
from propkit.workspace import Settings, Workspace
from tests.reporting import samples as s
from tests.reporting.test_browser import BROWSER, chromium

__all__ = ["chromium"]

NAME = "notes/yinhe/2025-09.md"
HEAD = "---\nauthor: 张三\ndate: 2025-10-08\nconsent: yes\n---\n"
HOSTILE = """## repair_satisfaction
<script>alert(1)</script> <img src=x onerror=alert(2)> <svg/onload=alert(3)>
[a](javascript:alert(4)) [b](JaVaScRiPt&colon;alert(5)) [c](<java\tscript:alert(6)>) [d](data:text/html,<script>alert(7)</script>)
[e](//evil.example) [f](/\\evil.example) <https://evil.example> https://evil.example ![g](https://evil.example/x.png)
![" onerror="alert(8)](photos/a.jpg "><script>alert(9)</script>)
![<script>alert(10)</script>](photos/a.jpg)
<meta http-equiv=refresh content=0;url=https://evil.example> <style>*{display:none}</style> <iframe srcdoc=x></iframe>
`<b>` **<b>** | <td onclick=x> |

<div onclick="alert(11)">

```html
</pre><script>alert(12)</script>
```
$$<img src=x onerror=alert(13)>$$
"""
ALLOWED = {
    "p", "br", "em", "strong", "del", "code", "pre", "a", "ul", "ol", "li", "blockquote", "hr", "h3", "h4", "h5", "h6",
    "table", "thead", "tbody", "tr", "th", "td", "div", "span", "figure", "figcaption", "img", "input", "dl", "dt", "dd",
}  # fmt: skip
ATTRIBUTES = {
    "class", "id", "dir", "href", "src", "alt", "width", "height", "start", "title", "type", "disabled", "checked", "style",
}  # fmt: skip


def picture(size: tuple[int, int] = (40, 30), colour: str = "red", form: str = "JPEG", **saved: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form, **saved)
    return out.getvalue()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").write_bytes(picture())
    (tmp_path / "photos" / "b.png").write_bytes(picture(colour="green", form="PNG"))
    return tmp_path


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """An item that only a person can fill."""
    monkeypatch.setitem(domains.NOTES, "lessons", Note("lessons", Text("经验总结", "Lessons")))


def opened(root: Path, text: str, edition: str = "internal", lang: str = "zh") -> Book:
    """A report of the workspace `root` whose notes file holds `text`."""
    path = root / NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    workspace = Workspace(root, Settings())
    cut, period = Cut(pd.Timestamp("2025-10-08")), parse_period("2025-09")
    read = notes.read(workspace, "yinhe", "2025-09")
    return Book(workspace, "monthly_review", "yinhe", "银河湾", period, cut, edition, lang, {}, {}, {}, notes=read)


def told(text: str) -> dict[str, str]:
    return {section.item: section.body.strip() for section in notes.parse(text, NAME).sections}


def kinds(text: str) -> list[tuple[str, int]]:
    return [(problem.kind, problem.line) for problem in notes.parse(text, NAME).problems]


# --- reading ---


@pytest.mark.parametrize(
    "heading",
    ["repair_satisfaction", "维修评价", "Repair satisfaction", "维修评价（repair_satisfaction）", "ＲＥＰＡＩＲ satisfaction:",
     "Repair  satisfaction ##"],
)  # fmt: skip
def test_a_section_is_found_by_id_or_label_in_either_language(heading: str) -> None:
    zh = domains.KPIS["repair_satisfaction"].label.zh
    assert told(f"{HEAD}## {heading.replace('维修评价', zh)}\n回升。\n") == {"repair_satisfaction": "回升。"}


def test_the_settings_are_read_whatever_the_line_ends_and_the_mark_at_the_start(root: Path) -> None:
    text = HEAD.replace("consent: yes", 'consent: "yes"   # agreed') + "\n# 题\n\n## first_time_fix_rate\n👷🏽 修好了\n"
    (root / "notes" / "yinhe").mkdir(parents=True)
    (root / NAME).write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    read = notes.read(Workspace(root, Settings()), "yinhe", "2025-09")

    assert (read.author, read.date, read.consent, read.problems) == ("张三", "2025-10-08", True, ())
    assert [section.body.strip() for section in read.of("first_time_fix_rate", "owner")] == ["👷🏽 修好了"]


@pytest.mark.parametrize(
    ("head", "line", "said"),
    [
        ("autor: x", 2, "did you mean 'author'"),
        ("author: a\nauthor: b", 3, "given twice"),
        ("author：张三", 2, "key: value"),
        ("author: [a, b]", 2, "plain words"),
        ("date: 2025-13-01", 2, "date: 2025-10-08"),
        ("date: 8 Oct", 2, "date: 2025-10-08"),
        ("consent: maybe", 2, "consent: yes"),
        ("consent:", 2, "consent: yes"),
        ("internal: root", 2, "a list"),
        ("internal: [repair_satisfacton]", 2, "did you mean"),
        ("internal: [Revisit rate]", 2, "complaint_revisit_rate"),
        ("- author", 2, "key: value"),
    ],
)
def test_a_wrong_setting_is_refused_with_its_place_and_what_was_meant(head: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        notes.parse(f"---\n{head}\n---\n", NAME)
    assert f"{NAME}:{line}" in caught.value.render("en") and said in caught.value.render("en")


@pytest.mark.parametrize(
    ("text", "place"), [("---\nauthor: x\n", f"{NAME}:1"), (HEAD + "\n## x\n<!-- draft\ny\n", f"{NAME}:8")]
)
def test_what_has_no_end_is_refused(text: str, place: str) -> None:
    with pytest.raises(ConfigError) as caught:
        notes.parse(text, NAME)
    assert caught.value.place == place


def test_bytes_that_are_no_text_are_refused_with_their_line(root: Path) -> None:
    opened(root, HEAD)
    (root / NAME).write_bytes(b"---\nauthor: \xd5\xc5\n---\n")
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        notes.read(Workspace(root, Settings()), "yinhe", "2025-09")
    assert caught.value.place == f"{NAME}:2"


def test_a_file_that_is_too_large_or_a_link_out_is_refused(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with pytest.raises(ConfigError, match="too large"):
        opened(root, "x" * (notes.LARGEST + 1))
    secret = tmp_path_factory.mktemp("elsewhere") / "secret.md"
    secret.write_text("secret", "utf-8")
    (root / NAME).unlink()
    (root / NAME).symlink_to(secret)
    with pytest.raises(ConfigError, match="out of the workspace"):
        notes.read(Workspace(root, Settings()), "yinhe", "2025-09")


def test_only_the_exact_period_is_read(root: Path) -> None:
    opened(root, HEAD)
    assert notes.read(Workspace(root, Settings()), "yinhe", "2025Q3") == notes.Notes()


def test_a_heading_that_names_nothing_is_kept_apart_and_reported_with_the_nearest() -> None:
    text = HEAD + "# 题\n前言\n## repair_satisfacton\n甲\n## 全新的话题\n乙\n## Revisit rate\n丙\n"
    read = notes.parse(text, NAME)

    assert [section.body.strip() for section in read.other("internal")] == ["前言", "甲", "乙", "丙"]
    assert [problem.line for problem in read.problems] == [8, 10, 12]
    assert "repair_satisfaction" in read.problems[0].text.en
    assert "complaint_revisit_rate" in read.problems[2].text.en


def test_an_item_written_twice_is_joined_and_reported() -> None:
    text = HEAD + "## repair_satisfaction\n甲\n## first_time_fix_rate\n乙\n## Repair satisfaction\n丙\n"
    read = notes.parse(text, NAME)
    assert [section.body.strip() for section in read.of("repair_satisfaction", "owner")] == ["甲", "丙"]
    assert kinds(text) == [("twice", 10)]


def test_a_file_without_author_and_date_says_so() -> None:
    assert kinds("## repair_satisfaction\n甲\n") == [("unsigned", 1), ("unsigned", 1)]


def test_fences_and_comments_open_no_section_and_deep_headings_stay_in_the_text() -> None:
    body = "甲\n```\n## first_time_fix_rate\n```\n<!-- ## first_time_fix_rate\n秘密 -->\n### 小标题\n乙"
    assert list(told(HEAD + "## repair_satisfaction\n" + body)) == ["repair_satisfaction"]
    assert "秘密" not in str(told(HEAD + "## repair_satisfaction\n" + body))
    assert list(told(HEAD + "### first_time_fix_rate\n甲")) == ["first_time_fix_rate"]


@pytest.mark.parametrize(
    "mark",
    [
        "（内部）",
        " (internal)",
        "(Internal)",
        "【内部使用】",
        "（内部） ##",
        "（ｉｎｔｅｒｎａｌ）：",
        "(内部)（first_time_fix_rate）",
    ],
)
def test_any_mark_in_brackets_keeps_a_section_from_owners(mark: str) -> None:
    read = notes.parse(f"{HEAD}## first_time_fix_rate{mark}\n秘密\n", NAME)
    assert read.of("first_time_fix_rate", "owner") == []
    assert [section.body.strip() for section in read.of("first_time_fix_rate", "internal")] == ["秘密"]


# --- showing ---


def test_a_note_stands_in_a_box_with_who_wrote_it_and_when(root: Path) -> None:
    shown = show.note(opened(root, HEAD + "## repair_satisfaction\n**晚间**到场增多。\n"), "repair_satisfaction")
    assert "<strong>晚间</strong>到场增多" in shown.html and "张三，2025-10-08" in shown.html
    assert "晚间 到场增多" in shown.text and shown.fallback == shown.html


def test_owners_see_notes_with_consent_alone_and_never_the_author(root: Path) -> None:
    text = HEAD + "# 题\n前言\n## repair_satisfaction\n公开\n![](photos/a.jpg)\n## first_time_fix_rate（内部）\n秘密\n"
    items = ["repair_satisfaction", "first_time_fix_rate"]

    owner = show.notes(opened(root, text, "owner"), items).html
    assert "公开" in owner and "秘密" not in owner and "张三" not in owner and "2025-10-08" in owner and "<img" in owner
    held = opened(root, text.replace("consent: yes", "consent: no"), "owner")
    assert [show.notes(held, items).html, show.other_notes(held).html, show.missing_notes(held, items).html] == [""] * 3
    listed = opened(root, text.replace("consent: yes", "consent: yes\ninternal: [repair_satisfaction]"), "owner")
    assert show.notes(listed, items).html == ""
    team = show.notes(opened(root, text), items).html
    assert "公开" in team and "秘密" in team and "仅内部" in team and "张三" in team


def test_numbers_that_name_a_person_are_masked(root: Path) -> None:
    text = HEAD.replace("张三", "13812345678") + "## repair_satisfaction\n王 138 1234 5678，44030519900101123X\n"
    text += "![13812345678](photos/a.jpg)\n## 业主 13912345678\n甲\n"
    for lang in ("zh", "en"):
        book = opened(root, text, lang=lang)
        pieces = [show.note(book, "repair_satisfaction"), show.other_notes(book), show.missing_notes(book, [])]
        said = re.sub(r'src="[^"]*"', "", "".join(piece.html + piece.text for piece in pieces))
        assert "王 ****，****" in said and not re.search(r"1[39][89]?12345678|1234 5678|19900101", said)


def test_what_is_missing_is_said_to_the_team_alone(root: Path, wanted: None) -> None:
    book = opened(root, HEAD + "## first_time_fix_rate\n甲\n## 全新的话题\n乙\n")

    assert show.note(book, "lessons").text == "缺少说明：经验总结"
    assert show.note(book, "revisit_rate").html == ""
    told = show.missing_notes(book, ["lessons", "first_time_fix_rate"])
    assert 'href="#note-lessons"' in told.html and 'id="note-lessons"' in show.note(book, "lessons").html
    assert "经验总结" in told.text and "全新的话题" in told.text and "第 8 行" in told.text
    owner = opened(root, HEAD, "owner")
    assert show.note(owner, "lessons").html == show.missing_notes(owner, ["lessons"]).html == ""
    full = opened(root, HEAD + "## Lessons\n甲\n")
    assert show.missing_notes(full, ["lessons"]).text == "说明齐全。"


def test_an_unknown_item_is_refused_with_the_nearest(root: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'repair_satisfaction'"):
        show.note(opened(root, HEAD), "repair_satisfacton")


class Marks(HTMLParser):
    """The elements, attributes and words of a piece; complains of what a note must never make."""

    def __init__(self) -> None:
        super().__init__()
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        for name, value in attrs:
            assert name in ATTRIBUTES, (tag, name)
            assert name != "style" or re.fullmatch(r"text-align:(left|right|center)", value or ""), value
            assert name != "src" or re.fullmatch(r"data:image/jpeg;base64,[A-Za-z0-9+/=]+", value or ""), value
            if name == "href":
                # As browsers read it: blanks and control signs at the ends and within the scheme do not count.
                read = re.sub(r"[\x00-\x20\\]", "", (value or "").replace("\\", "/"))
                assert not re.match(r"([a-z][a-z0-9+.-]*:|//)", read, re.IGNORECASE), value

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_data(self, data: str) -> None:
        self.words += data


def checked(html: str) -> str:
    reader = Marks()
    reader.feed(html)
    return reader.words


def test_hostile_notes_are_words(root: Path) -> None:
    shown = show.note(opened(root, HEAD + HOSTILE), "repair_satisfaction")
    words = checked(shown.html)
    assert "<script>alert(1)</script>" in words and "<img src=x onerror=alert(2)>" in words
    assert shown.html.count("<img ") == 1


PIECES = st.sampled_from(
    ["<script>", "</script>", "<img src=x onerror=y>", "<!--", "-->", "<", ">", '"', "'", "&", "&lt;", "&#60;b&#62;", "`",
     "```", "\n", "\n\n", "    ", "- ", "> ", "| a | b |\n|---|---|\n", "## ", "### ", "[x](", "](", ")", "![", "javascript:",
     "data:text/html,", "photos/a.jpg", "$$", "\\begin{x}", "\\end{x}", "$", "\\", "*", "_", "~~", "- [ ] ", ": ", "\u202e",
     "مرحبا", "👩‍👩‍👧", "\x00", "\x1b[31m", "<svg onload=x>", "]]>", "<?php", "<![CDATA[", "13812345678", "https://e.example"]
)  # fmt: skip


@given(st.lists(PIECES | st.text(max_size=4), max_size=14).map("".join))
def test_no_text_ever_becomes_markup(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    text = text.replace("<!--", "") if text.count("<!--") > text.count("-->") else text
    try:
        read = notes.parse(HEAD + "## repair_satisfaction\n" + text, NAME)
    except ConfigError:  # a comment that never ends
        return
    workspace = Workspace(Path("/nowhere"), Settings())
    cut, period = Cut(pd.Timestamp("2025-10-08")), parse_period("2025-09")
    book = Book(workspace, "monthly_review", "a", "甲", period, cut, "internal", "zh", {}, {}, {}, notes=read)
    pieces = [show.note(book, "repair_satisfaction"), show.other_notes(book), show.missing_notes(book, [])]
    for piece in pieces:
        words = checked(piece.html)
        assert "13812345678" not in words and "\u202e" not in words and "\x1b" not in words
    assert pieces[0].html == show.note(book, "repair_satisfaction").html


def test_a_page_allows_pictures_in_itself_and_nothing_else(root: Path) -> None:
    assert "default-src 'none'; img-src data:; " in policy()
    html = page.render(
        s.notebook(show.note(opened(root, HEAD + HOSTILE), "repair_satisfaction")), title="题", lang="zh", meta={}
    )
    assert html.count('src="data:image/jpeg;base64,') == 1
    assert not re.search(r'src="(?!data:image/jpeg;)', html)


# --- photos ---


def embedded(html: str) -> list[bytes]:
    return [base64.b64decode(found) for found in re.findall(r'src="data:image/jpeg;base64,([^"]+)"', html)]


def test_a_photo_is_turned_upright_made_small_and_stripped() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "canary-words"
    exif.get_ifd(0x8825).update({1: "N", 2: (31.0, 14.0, 15.9), 3: "E", 4: (121.0, 28.0, 8.4), 29: "canary-day"})
    given = picture((3000, 2000), exif=exif, comment=b"canary-comment", xmp=b"canary-xmp", dpi=(301, 301))
    assert given.count(b"canary") >= 4

    photo = photos.shrink(given)

    assert (photo.width, photo.height) == (853, 1280)
    assert b"canary" not in photo.content and b"Exif" not in photo.content
    with Image.open(io.BytesIO(photo.content)) as image:
        assert image.format == "JPEG" and image.size == (853, 1280) and not image.getexif()
        assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert photos.shrink(given) == photo


def test_even_noise_stays_within_150_kilobytes() -> None:
    noise = Image.frombytes("RGB", (1600, 1200), random.Random(1).randbytes(1600 * 1200 * 3))
    out = io.BytesIO()
    noise.save(out, "PNG", compress_level=1)
    assert len(photos.shrink(out.getvalue()).content) <= 150_000


@pytest.mark.parametrize("mode", ["L", "1", "P", "RGBA", "LA", "I;16", "CMYK"])
def test_every_kind_of_pixels_becomes_a_photo(mode: str) -> None:
    out = io.BytesIO()
    image = Image.new("RGB", (20, 10), "white").convert(mode) if mode != "I;16" else Image.new("I;16", (20, 10))
    image.save(out, "JPEG" if mode == "CMYK" else "PNG")
    assert photos.shrink(out.getvalue()).width == 20


def _bomb() -> bytes:
    """A PNG of a few bytes that claims 30,000 by 30,000 pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "not a sound"),
        (b"GIF89a" + bytes(20), "not a sound"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "not a sound"),
        (picture((400, 300))[:-200], "not a sound"),
        (picture((400, 300))[:300] + bytes(50), "not a sound"),
        (_bomb(), "million pixels"),
    ],
)
def test_what_is_no_sound_picture_is_not_shown(content: bytes, said: str) -> None:
    with pytest.raises(photos.Unusable, match=said):
        photos.shrink(content)


@pytest.mark.parametrize(
    "address",
    ["../photos/a.jpg", "photos/../raw/x.jpg", "photos/../../x.jpg", "/etc/passwd", "photos", "photos/", "photos//a.jpg",
     "raw/x.jpg", "https://evil.example/x.jpg", "file:///etc/passwd", "C:\\x.jpg", "photos\\a.jpg", "photos/a.jpg\x00",
     "photos/out.jpg", "photos/folder/x.jpg", "photos/loop", "photos/missing.jpg", "./photos/a.jpg", "photos/" + "x" * 300],
)  # fmt: skip
def test_only_files_beneath_photos_are_taken(
    root: Path, tmp_path_factory: pytest.TempPathFactory, address: str
) -> None:
    outside = tmp_path_factory.mktemp("outside")
    for folder in (outside, root / "raw"):
        folder.mkdir(exist_ok=True)
        (folder / "x.jpg").write_bytes(picture())
    (root / "photos" / "out.jpg").symlink_to(outside / "x.jpg")
    (root / "photos" / "folder").symlink_to(outside)
    (root / "photos" / "loop").symlink_to(root / "photos" / "loop")
    with pytest.raises(photos.Unusable):
        photos.take(root, address)
    assert photos.sha256(root, address) == ""


def test_a_file_that_is_too_large_is_not_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos, "LARGEST_FILE", 10)
    with pytest.raises(photos.Unusable, match="30 MB"):
        photos.take(root, "photos/a.jpg")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("![一](photos/a.jpg)", [("一", "photos/a.jpg")]),
        ('x ![a](photos/a.jpg "t") y ![b](<photos/b c.jpg>)', [("a", "photos/a.jpg"), ("b", "photos/b c.jpg")]),
        ("![](photos/%E7%85%A7%20(1).jpg)", [("", "photos/照 (1).jpg")]),
        ("![a](photos/%2e%2e/x)", [("a", "photos/../x")]),
        ("```\n![a](photos/a.jpg)\n```", []),
        ("[a](photos/a.jpg) ![b] (photos/a.jpg) ![c]()x![", [("c", "")]),
    ],
)
def test_pictures_are_found_in_the_text(text: str, found: list[tuple[str, str]]) -> None:
    assert [(image.caption, image.path) for image in photos.find(text)] == found


@pytest.mark.parametrize("text", ["![" * 50_000, "![a](" * 50_000, "![a](" + " " * 100_000, "![a](" + "(x" * 50_000])
def test_a_long_line_takes_no_long_time(text: str) -> None:
    assert photos.find(text) == []


def test_photos_stand_after_their_paragraph_and_before_beside_after(root: Path) -> None:
    text = (
        "甲 ![整改前 东门](photos/a.jpg) 乙\n\n![整改后 东门](photos/b.png)\n\n丙\n\n![Before](photos/a.jpg)\n\n丁\n\n"
    )
    text += "![After](photos/b.png)\n"
    html = show.note(opened(root, HEAD + "## repair_satisfaction\n" + text), "repair_satisfaction").html
    bare = re.sub(r'src="[^"]*"', "", html)

    assert bare.count('class="pk-pair"') == 1
    assert bare.index("乙") < bare.index("pk-pair") < bare.index("丙") < bare.index("Before") < bare.index("丁")
    assert 'alt="整改前 东门"' in bare and "<figcaption>整改后 东门</figcaption>" in bare
    assert len(embedded(html)) == 4


def test_photos_beyond_the_twelfth_or_too_heavy_are_named(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + "## repair_satisfaction\n" + "\n\n".join(f"![图{at}](photos/a.jpg)" for at in range(14))
    for edition, file in (("internal", "photos/a.jpg"), ("owner", "")):
        book = opened(root, text, edition)
        html = show.note(book, "repair_satisfaction").html
        assert len(embedded(html)) == 12
        assert f"照片未放入：图12{' ' * bool(file)}{file}（一份报告的照片已满）" in html
        assert show.note(book, "repair_satisfaction").html == html
    monkeypatch.setattr(photos, "MOST_BYTES", 3 * len(embedded(html)[0]))
    assert len(embedded(show.note(opened(root, text), "repair_satisfaction").html)) == 3


def test_a_photo_that_cannot_be_used_is_named_to_the_team(root: Path) -> None:
    text = HEAD + "## repair_satisfaction\n甲 ![东门](photos/none.jpg) ![西门](../../etc/passwd)\n"
    html = show.note(opened(root, text), "repair_satisfaction").html
    assert "照片未放入：东门 photos/none.jpg（找不到文件）" in html and "西门" in html
    owner = show.note(opened(root, text, "owner"), "repair_satisfaction").html
    assert "甲" in owner and "passwd" not in owner and "未放入" not in owner


# --- input of the report ---


def test_notes_and_their_photos_are_input(root: Path) -> None:
    def mark() -> str:
        return notes.fingerprint(Workspace(root, Settings()), "yinhe", "2025-09")

    assert mark() == ""
    opened(root, HEAD + "## repair_satisfaction\n![x](photos/a.jpg) ![y](photos/new.jpg) ![z](../x)\n")
    marks = [mark()]
    (root / "photos" / "a.jpg").write_bytes(picture(colour="blue"))
    marks.append(mark())
    (root / "photos" / "new.jpg").write_bytes(picture())
    marks.append(mark())
    (root / "photos" / "other.jpg").write_bytes(picture())
    assert mark() == marks[-1]
    (root / NAME).write_bytes(b"\xff\xfe broken")
    assert len({*marks, mark()}) == 4


def test_the_data_hash_of_a_report_follows_its_notes(root: Path) -> None:
    (root / "store").mkdir()
    first = opened(root, HEAD + "## repair_satisfaction\n甲\n").data_sha256
    assert opened(root, HEAD + "## repair_satisfaction\n乙\n").data_sha256 != first
    assert opened(root, HEAD + "## repair_satisfaction\n甲\n").data_sha256 == first


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="no Chromium, Chrome or Edge on this machine")
def test_a_browser_shows_the_photos_and_runs_nothing(root: Path, chromium: object) -> None:
    pair = "![整改前](photos/a.jpg)\n![整改后](photos/b.png)\n"
    shown = show.note(opened(root, HEAD + HOSTILE + "\n" + pair), "repair_satisfaction")
    (root / "page.html").write_text(
        page.render(s.notebook(Heading("说明"), shown), title="题", lang="zh", meta={}), "utf-8"
    )
    asked, alerts = [], []
    context = chromium.new_context(viewport={"width": 390, "height": 800})
    tab = context.new_page()
    tab.on("request", lambda request: asked.append(request.url))
    tab.on("dialog", lambda dialog: (alerts.append(dialog.message), dialog.dismiss()))
    tab.goto((root / "page.html").as_uri())

    widths = tab.evaluate("[...document.querySelectorAll('main img')].map(i => i.complete && i.naturalWidth)")
    assert widths == [40] * 3
    boxes = tab.evaluate("[...document.querySelectorAll('.pk-pair img')].map(i => i.getBoundingClientRect().top)")
    assert len(boxes) == 2 and boxes[0] == boxes[1]
    assert tab.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert alerts == [] and [url for url in asked if not url.startswith(("file:", "data:"))] == []
