"""Disclosure: what the owner edition hides cannot be worked out from all that it shows, and it hides no more than it must."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Mapping
from itertools import product

import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import propkit as pk
from propkit import demo, domains, store
from propkit.errors import DisclosureError
from propkit.rates import rate
from propkit.reporting import disclosure, guard, sections
from propkit.reporting.attack import System
from propkit.reporting.book import Book
from propkit.reporting.findings import segments
from propkit.workspace import Workspace

AS_OF = pd.Timestamp("2025-12-31 23:59:59")
KPI = "repair_satisfaction"
Counts = Mapping[object, tuple[int, int]]


def _frame(counts: Counts, by: tuple[str, ...] = (), kpi: str = KPI, period: str = "2025-09") -> pd.DataFrame:
    """Rates of groups given as (satisfied, answers), suppressed below ten answers."""
    records = [
        {"kpi": kpi, "community": "yinhe", "period": period, "segment": "|".join(_key(key)), **dict(zip(by, _key(key), strict=True)),
         "n": den, "num": num, "num_sq": 0, "den": den}
        for key, (num, den) in counts.items()
    ]  # fmt: skip
    rated = rate(pd.DataFrame(records), as_of=AS_OF)
    return rated[["kpi", "community", "period", "segment", *disclosure._FIGURES, "state", *by]]


def _key(key: object) -> tuple[str, ...]:
    return key if isinstance(key, tuple) else (str(key),) if key else ()


def _total(counts: Counts, **rest: str) -> pd.DataFrame:
    return _frame({(): tuple(sum(column) for column in zip(*counts.values(), strict=True))}, **rest)


def _hidden(frame: pd.DataFrame) -> list[str]:
    return list(frame.loc[frame["state"] == "suppressed", "segment"])


def _shown_again(frame: pd.DataFrame, before: pd.DataFrame) -> list[pd.DataFrame]:
    """The frame with one complementary row put back, for each of them."""
    further = frame.index[(frame["state"] == "suppressed") & (before["state"] != "suppressed")]
    return [frame.where(frame.index.to_series() != place, before) for place in further]


def _protected(counts: Counts, by: str = "age_band") -> pd.DataFrame:
    return disclosure.protect({by: _frame(counts, (by,))}, _total(counts))[by]


def test_a_lone_small_group_is_derived_from_the_others() -> None:
    counts = {"18-29": (4, 8), "30-39": (30, 40), "60+": (20, 35)}
    found = disclosure.audit([_total(counts), _frame(counts, ("age_band",))])

    assert {(leak.number, leak.low, leak.high) for leak in found} == {
        ("answers", 8, 8), ("counted", 4, 4), ("rest", 4, 4)}  # fmt: skip
    assert "18-29" in found[0].group
    assert "8" not in found[0].group.replace("18-29", "")


def test_of_two_groups_one_small_both_are_hidden() -> None:
    shown = _protected({"18-29": (4, 8), "60+": (60, 90)})

    assert _hidden(shown) == ["18-29", "60+"]
    assert shown[list(disclosure._FIGURES)].isna().all(axis=None)


def test_of_three_groups_the_smallest_that_protects_is_hidden_too() -> None:
    assert _hidden(_protected({"18-29": (4, 8), "30-39": (30, 40), "60+": (20, 35)})) == ["18-29", "60+"]
    # The smaller one would leave no doubt that nearly all of the small group are satisfied.
    assert _hidden(_protected({"18-29": (8, 8), "30-39": (30, 40), "60+": (34, 35)})) == ["18-29", "30-39"]


def test_groups_of_enough_answers_stay_as_they_are() -> None:
    counts = {"18-29": (4, 12), "30-39": (30, 40), "60+": (20, 35)}
    pd.testing.assert_frame_equal(_protected(counts), _frame(counts, ("age_band",)))


def test_where_the_total_itself_leaves_little_open_no_more_is_asked() -> None:
    counts = {"18-29": (8, 8), "30-39": (40, 40), "60+": (34, 35)}
    shown = _protected(counts)

    assert "60+" in _hidden(shown)  # the one who is not satisfied might be of either group
    assert disclosure.audit([_total(counts), shown]) == []


groups = st.integers(0, 60).flatmap(lambda den: st.tuples(st.integers(0, den), st.just(den)))
splits = st.lists(groups, min_size=1, max_size=6).map(lambda some: {f"g{place}": one for place, one in enumerate(some)})


@given(splits)
def test_nothing_leaks_after_protection_and_no_row_is_hidden_in_vain(counts: Counts) -> None:
    total, before = _total(counts), _frame(counts, ("age_band",))
    shown = disclosure.protect({"age_band": before}, total)["age_band"]

    assert disclosure.audit([total, shown]) == []
    assert set(_hidden(before)) <= set(_hidden(shown))
    kept = shown["state"] != "suppressed"
    pd.testing.assert_frame_equal(shown[kept], before[kept])
    for risky in _shown_again(shown, before):
        assert disclosure.audit([total, risky])


crossings = st.tuples(st.integers(2, 3), st.integers(2, 3)).flatmap(
    lambda size: st.lists(groups, min_size=size[0] * size[1], max_size=size[0] * size[1]).map(
        lambda some: dict(zip(product("abc"[: size[0]], "xyz"[: size[1]]), some, strict=True))
    )
)


@settings(max_examples=20)
@example({("a", "z"): (0, 1), ("b", "x"): (0, 1), ("b", "y"): (0, 10), ("b", "z"): (0, 9)})  # a margin told by one cell
@given(crossings)
def test_crossings_with_both_margins_published_are_safe(counts: Counts) -> None:
    total, margins = _total(counts), []
    for place, by in enumerate(("age_band", "zone")):
        summed = {}
        for key, one in counts.items():
            summed[key[place]] = tuple(map(sum, zip(summed.get(key[place], (0, 0)), one, strict=True)))
        margins.append(disclosure.protect({by: _frame(summed, (by,))}, total)[by])
    before = _frame(counts, ("age_band", "zone"))
    shown = disclosure.protect({"age_band|zone": before}, [total, *margins])["age_band|zone"]

    assert disclosure.audit([total, *margins, shown]) == []
    for risky in _shown_again(shown, before):
        assert disclosure.audit([total, *margins, risky])


def test_ranges_are_those_found_by_trying_every_table() -> None:
    counts = {("a", "x"): (1, 3), ("a", "y"): (2, 12), ("b", "x"): (11, 11), ("b", "y"): (1, 2)}
    margins = [_frame({"a": (3, 15), "b": (12, 13)}, ("age_band",)), _frame({"x": (12, 14), "y": (3, 14)}, ("zone",))]
    cells = disclosure.bare(_frame(counts, ("age_band", "zone")))
    found = System.of([*margins, cells]).ranges({})

    tables = [
        (den, num)
        for den in range(15) for num in range(den + 1)  # the cell (a, x); the margins give the others
        if all(0 <= n <= d for n, d in ((3 - num, 15 - den), (12 - num, 14 - den), (num, den - 1)))
    ]  # fmt: skip
    ranges = {
        (dict(row.cell.at)["age_band"] + dict(row.cell.at)["zone"], number): span
        for (row, number), span in found.items()
    }
    assert ranges["ax", "answers"] == (min(den for den, _ in tables), max(den for den, _ in tables))
    assert ranges["ax", "counted"] == (min(num for _, num in tables), max(num for _, num in tables))
    assert ranges["ax", "rest"] == (min(d - n for d, n in tables), max(d - n for d, n in tables))


def test_figures_over_the_same_answers_are_seen_as_one() -> None:
    counts = {"18-29": (4, 12), "60+": (20, 35), "40-49": (5, 9)}
    lead = disclosure.protect(
        {"age": _frame(counts, ("age_band",), "owner_satisfaction")}, _total(counts, kpi="owner_satisfaction")
    )["age"]
    item = _frame({("overall", key): one for key, one in counts.items()}, ("item", "age_band"), "satisfaction_by_item")
    around = [_total(counts, kpi="owner_satisfaction"), lead]

    assert _hidden(lead) == ["18-29", "40-49"]
    assert disclosure.audit([*around, item])
    followed = disclosure.protect({"item|age_band": item}, around)["item|age_band"]
    assert _hidden(followed) == ["overall|18-29", "overall|40-49"]
    assert disclosure.audit([*around, followed]) == []


def test_a_score_is_protected_in_households_not_points() -> None:
    rows = [{"kpi": "owner_satisfaction_index", "community": "yinhe", "period": "2025-09", "segment": key, "age_band": key,
             "n": n, "num": num, "num_sq": num * 3, "den": 4 * n} for key, n, num in (("a", 8, 20), ("b", 30, 90), ("c", 40, 100))]  # fmt: skip
    before, total = (
        rate(pd.DataFrame(rows), as_of=AS_OF),
        pd.DataFrame(rows)[["n", "num", "num_sq", "den"]].sum().to_frame().T,
    )
    whole = rate(total.assign(kpi=rows[0]["kpi"], community="yinhe", period="2025-09", segment="all"), as_of=AS_OF)
    before = before[["kpi", "community", "period", "segment", *disclosure._FIGURES, "state", "age_band"]]

    assert len(disclosure.audit([whole, before])) == 3
    assert _hidden(disclosure.protect({"age": before}, whole)["age"]) == ["a", "b"]


def test_a_hidden_month_does_not_follow_from_its_quarter() -> None:
    months = {"2025-07": (4, 6), "2025-08": (20, 31), "2025-09": (15, 25)}
    frame = pd.concat([_frame({(): one}, period=month) for month, one in months.items()], ignore_index=True)
    quarter = _total(months, period="2025Q3")

    assert disclosure.audit([quarter, frame])
    shown = disclosure.protect({"month": frame}, quarter)["month"]
    assert list(shown.loc[shown["state"] == "suppressed", "period"]) == ["2025-07", "2025-09"]
    assert disclosure.audit([quarter, shown]) == []


def test_buildings_do_not_follow_from_their_zone() -> None:
    homes = {("east", "1"): (4, 8), ("east", "2"): (12, 20), ("west", "3"): (4, 11), ("west", "4"): (30, 40)}
    buildings = _frame({building: one for (_, building), one in homes.items()}, ("building",))
    zones, total = _frame({"east": (16, 28), "west": (34, 51)}, ("zone",)), _total(homes)
    places = disclosure.bare(_frame(homes, ("zone", "building")))
    blind = disclosure.protect({"building": buildings}, [total, zones])["building"]

    assert _hidden(blind) == ["1", "3"]
    assert disclosure.audit([total, zones, places, blind])
    assert _hidden(disclosure.protect({"building": buildings}, [total, zones, places])["building"]) == ["1", "2"]


def test_a_correction_does_not_give_away_what_was_hidden() -> None:
    first = {"18-29": (5, 9), "30-39": (10, 20), "60+": (20, 35)}
    late = {**first, "18-29": (6, 10)}  # one answer came late: now ten, and shown
    before = [_total(first), _protected(first)]

    assert disclosure.against(before, before) == []
    found = disclosure.against([_total(late), _protected(late)], before)
    assert {(leak.number, leak.low, leak.high) for leak in found if "18-29" in leak.group} == {
        ("answers", 9, 10), ("counted", 5, 6), ("rest", 4, 4)}  # fmt: skip
    moved = {"18-29": (5, 10), "30-39": (10, 21), "60+": (20, 33)}
    assert disclosure.against([_total(moved), _frame(moved, ("age_band",))], before)


def test_a_correction_is_refused_when_the_earlier_page_gives_it_away() -> None:
    first = {"18-29": (5, 9), "30-39": (10, 20), "60+": (20, 35)}
    late = {**first, "18-29": (6, 10)}
    before = guard.frames(json.loads(json.dumps(guard.plain([_total(first), _protected(first)]))))

    disclosure.refuse_beside([_total(first), _protected(first)], before)
    with pytest.raises(DisclosureError, match="age_band=18-29") as raised:
        disclosure.refuse_beside([_total(late), _protected(late)], before)
    assert not re.search(r"\b(5|6|9|10)\b", raised.value.got)


def test_an_earlier_page_of_another_wave_is_no_danger() -> None:
    first = {"18-29": (5, 9), "30-39": (10, 20), "60+": (20, 35)}
    other = [frame.assign(period="2025-03") for frame in (_total(first), _protected(first))]

    disclosure.refuse_beside([_total({"60+": (30, 45)})], other)


def test_a_published_page_is_held_against_the_next_one(workspace: Workspace) -> None:
    """Late answers make a hidden group large enough to show: the corrected page must not appear beside the earlier one."""
    book = _book(workspace, "owner")
    book.rates(["owner_satisfaction"]), book.rates(["owner_satisfaction"], by="age_band")
    shown = sections.receipt(book).content["published"]
    store.keep_published(workspace, book.community, shown)
    store.keep_published(workspace, book.community, shown)
    assert len(store.published(workspace, book.community)) == 1

    again = _book(workspace, "owner")
    again.rates(["owner_satisfaction"]), again.rates(["owner_satisfaction"], by="age_band")
    assert sections.receipt(again).content["published"] == shown

    late = _book(workspace, "owner")
    answers = late.tables["survey_response"]
    asked = (answers["survey_id"] == "2025H2") & answers["overall_satisfied"].notna()
    young = answers[asked & (answers["age_band"] == "18-29")]
    extra = pd.concat([young.head(1).assign(household=f"late-{at}", response_id=f"late-{at}") for at in range(12)])
    late.tables["survey_response"] = pd.concat([answers, extra], ignore_index=True)
    late.rates(["owner_satisfaction"]), late.rates(["owner_satisfaction"], by="age_band")
    with pytest.raises(DisclosureError):
        sections.receipt(late)
    shutil.rmtree(workspace.private / "published")


def _counted(**counts: int) -> pd.DataFrame:
    return pd.DataFrame([{"kpi": "complaint_type_distribution", "segment": name, "n": num, "num": num, "value": float(num)}
                         for name, num in counts.items()])  # fmt: skip


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ({"a": 20, "b": 9, "c": 5}, {"a": 20, "b": 9, "c": 5}),
        ({"a": 20, "b": 9, "c": 4, "d": 3}, {"a": 20, "b": 9, "other": 7}),
        ({"a": 20, "b": 9, "c": 1}, {"a": 20, "other": 10}),
        ({"a": 20, "other": 3, "b": 6, "c": 0}, {"a": 20, "other": 9}),
        ({"a": 3, "b": 1}, {}),
        ({"a": 9, "b": 1}, {}),
    ],
)
def test_small_categories_are_added_up_to_at_least_five(counts: dict[str, int], shown: dict[str, int]) -> None:
    pooled = disclosure.pooled(_counted(**counts))
    assert dict(zip(pooled["segment"], pooled["num"], strict=True)) == shown
    assert list(pooled["n"]) == list(pooled["value"]) == list(shown.values())


def test_a_refusal_names_groups_and_says_no_number() -> None:
    counts = {"18-29": (4, 8), "60+": (60, 90)}
    with pytest.raises(DisclosureError) as error:
        disclosure.refuse([_total(counts), _frame(counts, ("age_band",))])

    assert "age_band=18-29" in str(error.value)
    assert not {"4", "8", "90", "98"} & set(str(error.value).replace("18-29", "").split())


WHO = ["owner_type", "age_band", "residence", "zone", "building"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("demo") / "w"
    demo.write(root)
    opened = pk.open_workspace(root)
    pk.ingest(opened)
    return opened


def _book(workspace: Workspace, edition: str) -> Book:
    return pk.open_book(
        "monthly_review",
        workspace=workspace.root,
        community="lanting",
        period="2025-09",
        edition=edition,
        key=["owner_satisfaction", "repair_satisfaction"],
        split={"owner_satisfaction": WHO},
    )


def _page(book: Book) -> str:
    parts = [
        sections.summary(book),
        sections.cards(book),
        sections.by_segment(book, "owner_satisfaction", WHO),
        sections.items(book, "satisfaction_by_item", ["owner_type", "age_band"]),
    ]
    sections.receipt(book)
    return "\n".join(part.html + part.text for part in parts)


def _swapped(answers: pd.DataFrame) -> pd.DataFrame:
    """Exchange the age of a content old household and a discontented young one, for the overall question."""
    mine = answers[(answers["survey_id"] == "2025H2") & answers["overall_satisfied"].notna()]
    young, old = (
        mine.index[(mine["age_band"] == band) & (mine["overall_satisfied"] == content)][0]
        for band, content in (("18-29", False), ("60+", True))
    )
    bands = answers["age_band"].copy()
    bands[[young, old]] = ["60+", "18-29"]
    return answers.assign(age_band=bands)


def test_owner_page_is_the_same_whatever_hidden_groups_answered(workspace: Workspace) -> None:
    pages, seen = [], []
    for change in (lambda answers: answers, _swapped):
        books = [_book(workspace, edition) for edition in ("owner", "internal")]
        for book in books:
            book.tables["survey_response"] = change(book.tables["survey_response"])
        hidden = _hidden(books[0].rates(["owner_satisfaction"], by="age_band"))
        seen.append(books[1].rates(["owner_satisfaction"], by="age_band"))
        pages.append(_page(books[0]))

    assert hidden == ["18-29", "60+"]
    assert not seen[0].equals(seen[1])
    assert pages[0] == pages[1]


def test_every_edition_holds_to_its_rule(workspace: Workspace) -> None:
    owner, team = _book(workspace, "owner"), _book(workspace, "internal")
    for by in WHO:
        shown, seen = (book.rates(["owner_satisfaction"], by=by) for book in (owner, team))
        assert not (shown["n"] < 10).any()
        assert set(seen.loc[seen["n"] < 10, "state"]) <= {"unreliable"}
        assert "suppressed" not in set(seen["state"])
        assert not {claim.group for claim in segments(owner, "owner_satisfaction")} & set(_hidden(shown))
    owner.check_disclosure()


def test_a_page_that_hides_only_small_groups_is_not_published(workspace: Workspace) -> None:
    book = _book(workspace, "owner")
    book.rates(["owner_satisfaction"])
    naive = book._with(book.tables, book.cut, [domains.kpi("owner_satisfaction")], [book.period], ["age_band"])
    book.guard.protected["owner_satisfaction", ("age_band",)] = naive

    with pytest.raises(DisclosureError, match="age_band"):
        sections.receipt(book)


def _reasons(*rows: tuple[str | None, int, int, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["nonpay_reason", "households", "owing", "fen"])
    return frame.astype({"nonpay_reason": "str", "households": "Int64", "owing": "Int64", "fen": "Int64"})


def test_reasons_of_few_households_are_added_up_with_the_next_smallest():
    rows = _reasons(("service", 20, 12, 900), ("hardship", 3, 3, 300), ("refusal", 7, 6, 500), (None, 0, 0, 0))

    told = disclosure.pooled_homes(rows)

    assert list(told["nonpay_reason"].fillna("")) == ["service", "", "other"]
    assert told[["households", "owing", "fen"]].to_numpy().tolist() == [[20, 12, 900], [0, 0, 0], [10, 9, 800]]


def test_a_few_households_in_arrears_are_blank_though_more_were_asked():
    told = disclosure.pooled_homes(_reasons(("service", 20, 2, 900), ("refusal", 9, 7, 500)))

    assert told["owing"].isna().tolist() == told["fen"].isna().tolist() == [True, False]


def test_no_reason_is_listed_when_all_households_together_are_too_few():
    assert disclosure.pooled_homes(_reasons(("service", 2, 1, 90), ("refusal", 1, 1, 50))).empty
