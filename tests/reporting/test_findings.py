"""The findings of a report: made once, within one error budget, and told the same wherever they are told."""

from __future__ import annotations

import ast
import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import propkit as pk
from propkit import domains
from propkit.rates import rate
from propkit.reporting import chapters, claims, overviews, sections
from propkit.reporting.book import Book
from propkit.reporting.findings import figures_of, findings, judge, segments
from propkit.text import Text
from propkit.workspace import Workspace

ROOT = Path(__file__).parents[2]
KEY = ("repair_response_on_time_rate", "owner_satisfaction", "complaint_on_time_rate")
YEAR_AGO = Text("去年同月", "the same month last year")

JUDGES = {"changes", "target", "signals", "segments"}
MAY_JUDGE = {
    "findings": JUDGES,
    "surveys": {"changes"},  # the wave before, measured as part of the survey's own statements
    "overviews": {"changes"},  # before and after a rectification, and the wave before once more
    "loop": {"changes"},  # measures, before and after; half of what changes may spend
    "portfolio": {"signals"},  # many communities, a page and a budget of its own
    "group_claims": {"changes", "segments", "target"},  # the explorer counts looks, and each look spends its part
    "sections": {"signals"},  # draws limits; the claims are left
}


@pytest.fixture(scope="module")
def book(demo_workspace: Workspace) -> Book:
    return pk.open_book(
        "monthly_review", workspace=demo_workspace.root, community="cuihu", period="2025-09", key=KEY,
        split={"owner_satisfaction": ["owner_type", "zone"]},
    )  # fmt: skip


def test_nobody_tests_anew_what_is_found_once() -> None:
    judging: dict[str, set[str]] = {}
    for path in (ROOT / "propkit").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "propkit.reporting.claims":
                named = JUDGES & {one.name for one in node.names}
                judging.setdefault(path.stem, set()).update(named)
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in JUDGES and ast.unparse(called.value) == "claims":
                judging.setdefault(path.stem, set()).add(called.attr)

    assert {room: judges for room, judges in judging.items() if judges} == MAY_JUDGE


def test_a_report_judges_every_figure_it_holds_once(book: Book) -> None:
    ids = figures_of(book)

    assert tuple(ids[: len(KEY)]) == KEY
    assert len(ids) == len(set(ids)) > 2 * len(KEY)
    assert not any(domains.KPIS[one].split_only for one in ids)
    assert findings(book) is findings(book)


def test_every_place_tells_the_same_finding(book: Book) -> None:
    found = findings(book)
    shown = {claim.kpi: claim for claim in found.of("target")}
    listed = overviews.overview("target_attainment", book)
    assert dict(zip(listed["kpi"], listed["verdict"], strict=True)).items() >= {
        (kpi, claim.verdict) for kpi, claim in shown.items()
    }
    cards, chapter = sections.cards(book).html, chapters.section(book, "repairs").html
    said = shown[KEY[0]].text.get(book.lang)
    assert said in cards
    assert said in chapter
    changed = overviews.overview("period_change", book)
    verdicts = {claim.kpi: claim.verdict for claim in found.of("change")}
    assert all(verdicts.get(kpi, "not_judged") == verdict for kpi, verdict in zip(changed["kpi"], changed["verdict"], strict=True))  # fmt: skip
    good = {(claim.kpi, claim.kind) for claim in found.claims if claim.good is True}
    highlights = overviews.overview("highlights", book)
    assert set(zip(highlights["kpi"], highlights["kind"], strict=True)) == good


def test_segments_are_named_only_of_what_the_report_declares(book: Book) -> None:
    assert segments(book, "repairs_on_time_rate") == []
    assert {claim.kpi for claim in segments(book, "owner_satisfaction")} <= {"owner_satisfaction"}


def _counts(kpi_id: str, sums: list[tuple[str, int, int]]) -> pd.DataFrame:
    rows = [
        {"kpi": kpi_id, "community": "a", "period": period, "segment": "all", "n": den, "num": num, "num_sq": 0, "den": den}
        for period, num, den in sums
    ]  # fmt: skip
    return rate(pd.DataFrame(rows), as_of=pd.Timestamp("2026-12-31")).set_index("kpi", drop=False)


def _verdict(groups: list[list[str]], sums: tuple[int, int]) -> str:
    """What is said of the first figure when 60 of 100 became `sums`, all others staying as they were."""
    kpis = [[dataclasses.replace(domains.KPIS[one], target=None) for one in group] for group in groups]
    ids = [kpi.id for group in kpis for kpi in group]
    before = pd.concat([_counts(one, [("2024-09", 60, 100)]) for one in ids])
    now = pd.concat([_counts(one, [("2025-09", *(sums if one == ids[0] else (60, 100)))]) for one in ids])
    found = judge(kpis, now, before, now, {}, YEAR_AGO)
    return next(claim.verdict for claim in found.of("change") if claim.kpi == ids[0])


def test_key_figures_do_not_fall_silent_because_others_are_looked_at() -> None:
    others = [
        kpi.id for kpi in domains.KPIS.values() if kpi.kind == "share" and not kpi.split_only and kpi.id != KEY[0]
    ][:15]
    just_enough = next((num, 100) for num in range(70, 100, 2) if _verdict([[KEY[0]], []], (num, 100)) == "higher")
    with_others = next((num, 100) for num in range(70, 100, 2) if _verdict([[KEY[0]], others], (num, 100)) == "higher")
    as_one_family = next(
        (num, 100) for num in range(70, 100, 2) if _verdict([[KEY[0], *others]], (num, 100)) == "higher"
    )

    assert just_enough <= with_others < as_one_family


def test_both_groups_together_spend_no_more_than_one(monkeypatch: pytest.MonkeyPatch) -> None:
    spent: list[float] = []
    monkeypatch.setattr(claims, "changes", lambda kpis, *_, alpha: spent.append(alpha) or [])
    kpis = [[domains.KPIS[one]] for one in KEY[:2]]
    rates = pd.concat([_counts(one, [("2025-09", 60, 100)]) for one in KEY[:2]])

    judge(kpis, rates, rates, rates, {}, YEAR_AGO)

    assert sum(spent) == pytest.approx(claims.ALPHA_CHANGES)
