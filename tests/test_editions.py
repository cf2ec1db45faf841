"""All six reports of the demo, of every community, in both languages and editions: whole, in the reader's words, and honest about gaps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from bs4 import BeautifulSoup, Tag

from propkit import domains
from propkit.model import Note
from propkit.reporting import items, notes
from propkit.reporting import outline as sections
from propkit.running import plan
from propkit.workspace import Workspace
from tests import outlines
from tests.conftest import propkit

pytestmark = pytest.mark.slow
COMMUNITIES = ("yinhe", "cuihu", "lanting")
WAYS = [(edition, lang) for edition in plan.EDITIONS for lang in ("zh", "en")]
NO_NOTE = {"zh": "缺少说明：", "en": "No note yet: "}
HEAVIEST = {"monthly_review": 200_000}
"""Bytes of the page that is read on a phone; all others may have twice as many."""
_CODED = re.compile(r"[a-z]+(_[a-z0-9]+)+")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module", params=WAYS, ids="-".join)
def pages(request: pytest.FixtureRequest, demo_workspace: Workspace) -> tuple[str, str, list[Path]]:
    """Edition, language and the pages of all reports and communities."""
    edition, lang = request.param
    for report, (_, period) in outlines.RUNS.items():
        done = propkit(
            demo_workspace, "run", report, "--period", period, "--edition", edition, "--report-lang", lang, "-j", "2"
        )
        assert done.returncode == 0, done.stdout + done.stderr
    return edition, lang, [demo_workspace.reports / name for name in _names(edition, lang)]


def _names(edition: str, lang: str) -> Iterator[str]:
    for report, (_, period) in outlines.RUNS.items():
        for place in ("all",) if report == "portfolio" else COMMUNITIES:
            yield f"{edition}/{place}/{period}/{report}.{lang}.html"


def test_every_report_of_every_community_holds_what_its_source_asks_for(pages: tuple[str, str, list[Path]]) -> None:
    """Computed items stand with a figure, a list or the words that they are missing; for the team, notes too."""
    edition, lang, made = pages
    assert len(made) == 5 * len(COMMUNITIES) + 1
    for path in made:
        body, report = _body(path), path.name.partition(".")[0]
        asked = [one for part in sections.sections(report) for one in sections.contents(report, part)]
        source = (outlines.ROOT / "notebooks" / f"{report}.ipynb").read_text("utf-8")
        held = {tag["id"].removeprefix("i-") for tag in body.select("[id^=i-]")}
        told_apart = {one for one in asked if f'\\"{one}\\"' in source}
        told_apart |= {"satisfaction_change_pp"} if "show.satisfaction_change(book)" in source else set()
        computed = [one for one in asked if one not in domains.NOTES]

        assert [one for one in computed if one not in held | told_apart] == [], path
        if edition == "internal":
            assert [one for one in _unwritten(body, asked, lang) if one not in _FRAME] == [], path


_FRAME = {"numbers_first", "charts", "layout", "internal_edition", "owner_edition"}
"""Items that every page is an answer to by being as it is (`chapters`)."""


def _unwritten(body: Tag, asked: list[str], lang: str) -> list[str]:
    """The items that want a person's words and have neither these nor a place among those that are missing."""
    lines = [words for tag in body.select(".pk-none") if (words := tag.get_text()).startswith(NO_NOTE[lang])]
    comma = "、" if lang == "zh" else ", "
    missing = {name for words in lines for name in words.removeprefix(NO_NOTE[lang]).split(comma)}
    written = {tag["id"].removeprefix("note-") for tag in body.select("[id^=note-]")}
    wanted = [one for one in asked if isinstance(items.ITEMS[one], Note) or notes.wants(items.ITEMS[one])]
    return [
        one for one in wanted if one not in written and not _among(items.ITEMS[one].label.get(lang), missing, lines)
    ]


def _among(label: str, missing: set[str], lines: list[str]) -> bool:
    return label in missing or any(label in words for words in lines)  # a label may hold a comma itself


def test_every_page_opens_with_what_matters_and_what_is_not_known(pages: tuple[str, str, list[Path]]) -> None:
    _, lang, made = pages
    for path in made:
        lead = _body(path).select_one(".pk-lead")
        points = [point.get_text() for point in lead.select("p, li")]
        told = [words for words in points if re.search(r"\d", words)]
        unknown = ("还不知道", "不知道", "缺少数据表") if lang == "zh" else ("ot known", "Cannot be computed")
        # On a day without a service day there is little to tell.
        assert len(told) >= 3 or "service_day" in path.name, (path, points)
        assert any(words in point for point in points for words in unknown), (path, points)


def test_every_page_is_in_its_readers_language_and_within_its_budget(pages: tuple[str, str, list[Path]]) -> None:
    """Texts of data stay as they are; headings, heads of columns, captions and chips are the reader's."""
    _, lang, made = pages
    for path in made:
        text, body = path.read_text("utf-8"), _body(path)
        assert f'lang="{"zh-CN" if lang == "zh" else "en"}"' in text and "Traceback" not in text
        most = HEAVIEST.get(path.name.partition(".")[0], 400_000)
        assert len(text.encode()) <= most, (path, len(text.encode()))
        for note in body.select(".pk-note"):
            note.decompose()
        words = [part.strip() for part in body.find_all(string=True)]
        assert [part for part in words if _CODED.fullmatch(part)] == [], path
        if lang == "en":
            ours = [
                tag.get_text() for tag in body.select("h1, h2, h3, thead th, caption, summary, .chip, .pk-lead strong")
            ]
            assert [words for words in ours if _CHINESE.search(words)] == [], path


def test_owners_are_not_told_which_notes_the_team_has_not_written(pages: tuple[str, str, list[Path]]) -> None:
    edition, lang, made = pages
    said = [path for path in made if NO_NOTE[lang] in path.read_text("utf-8")]
    assert said == [] if edition == "owner" else said


def _body(path: Path) -> Tag:
    return BeautifulSoup(path.read_text("utf-8"), "html.parser").main
