"""The restatement log: what later reports say of figures that were told before."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pandas as pd
import pytest

import propkit as pk
from propkit import domains, store
from propkit.reporting import restated
from propkit.reporting.book import Book
from propkit.workspace import Workspace

KEY = ("repairs_on_time_rate", "fee_collection_rate_current", "complaints_per_1000_homes")


@pytest.fixture
def workspace(demo_workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """The demo company without anything told yet; its tellings are kept in memory."""
    kept: list[dict] = []

    def keep(_: Workspace, community: str, telling: dict) -> None:
        same = [one for one in kept if (one["community"], one["period"]) == (community, telling["period"])]
        if telling["mark"] not in {one["mark"] for one in same}:
            kept.append({**telling, "community": community, "number": len(same) + 1})

    monkeypatch.setattr(store, "told", lambda *_: sorted(kept, key=lambda one: (one["period"], one["number"])))
    monkeypatch.setattr(store, "keep_told", keep)
    return demo_workspace


def _book(workspace: Workspace, month: str, as_of: str) -> Book:
    return pk.open_book(
        "monthly_review", workspace=workspace.root, community="yinhe", period=month, as_of=as_of, key=KEY, lang="en"
    )


def _tell(book: Book) -> None:
    store.keep_told(book.workspace, book.community, restated.telling(book))


def _without(book: Book, order: str) -> Book:
    """The same report with one work order gone from the exports."""
    raw = {
        name: rows[rows["order_id"] != order] if "order_id" in rows else rows
        for name, rows in book.raw.items()
    }  # fmt: skip
    return dataclasses.replace(
        book,
        raw=raw,
        tables=domains.derive(raw, book.cut),
        besides={},
        monthly={},
        whole=pd.DataFrame(),
        line_of={},
        parts={},
        told={},
    )


def test_a_first_report_says_that_there_is_nothing_to_compare_with(workspace: Workspace) -> None:
    assert "no earlier report" in restated.restated(_book(workspace, "2025-08", "2025-09-05")).text


def test_nothing_is_reported_when_nothing_changed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    book = _book(workspace, "2025-08", "2025-09-05")
    _tell(book)
    monkeypatch.setattr(restated, "_mark", lambda _: "other data")

    assert "no figure told before has changed" in restated.restated(book).text


def test_late_payments_are_told_as_what_happened_later(workspace: Workspace) -> None:
    _tell(_book(workspace, "2025-08", "2025-09-05"))
    later = _book(workspace, "2025-09", "2025-10-15")
    (telling,) = store.told(workspace, "yinhe", "monthly_review", "internal")
    found = restated.changes(later, telling).set_index(["kpi", "period"])

    paid = found.loc["fee_collection_rate_current", "2025-08"]
    assert paid["reason"] == "later"
    assert paid["num_now"] > paid["num_then"]
    assert paid["den_now"] == paid["den_then"]
    assert not (found["reason"] == "data").any()
    shown = restated.restated(later)
    assert "report of 2025-08" in shown.text + shown.html
    assert "finished, paid or matured" in shown.html


def test_a_corrected_export_is_told_as_such(workspace: Workspace) -> None:
    book = _book(workspace, "2025-08", "2025-09-05")
    _tell(book)
    orders = book.tables["work_order"]
    mine = orders[(orders["reported_at"] >= "2025-08-01") & (orders["reported_at"] < "2025-09-01")]
    later = _without(_book(workspace, "2025-09", "2025-09-05"), mine["order_id"].iloc[0])
    (telling,) = store.told(workspace, "yinhe", "monthly_review", "internal")
    found = restated.changes(later, telling)

    counted = found[found["period"] == "2025-08"]
    assert set(counted["reason"]) == {"data"}
    assert (
        (counted["den_then"].fillna(counted["num_then"]) - counted["den_now"].fillna(counted["num_now"])) >= 0
    ).all()


def test_a_report_keeps_what_it_is_held_against(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made again, alone or in another order, a page is held against what its reader held before it first came out."""
    august, september = _book(workspace, "2025-08", "2025-09-05"), _book(workspace, "2025-09", "2025-10-05")
    _tell(august)
    _tell(september)
    before = restated._baseline(september, store.told(workspace, "yinhe", "monthly_review", "internal"))
    monkeypatch.setattr(restated, "_mark", lambda _: "new data")
    _tell(august)
    after = restated._baseline(september, store.told(workspace, "yinhe", "monthly_review", "internal"))

    assert before == after
    assert (before["period"], before["number"]) == ("2025-08", 1)


def test_reports_of_one_batch_do_not_depend_on_their_order(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restated, "_mark", lambda _: "one batch")
    _tell(_book(workspace, "2025-08", "2025-10-05"))
    september = _book(workspace, "2025-09", "2025-10-05")

    assert restated._baseline(september, store.told(workspace, "yinhe", "monthly_review", "internal")) is None


def test_tellings_are_kept_once_for_the_same_data(tmp_path: Path) -> None:
    workspace = _empty(tmp_path)
    telling = {"report": "monthly_review", "edition": "internal", "period": "2025-09", "mark": "a", "rows": []}
    for mark in ("a", "a", "b"):
        store.keep_told(workspace, "yinhe", telling | {"mark": mark})

    found = store.told(workspace, "yinhe", "monthly_review", "internal")
    assert [(one["mark"], one["number"]) for one in found] == [("a", 1), ("b", 2)]
    assert store.told(workspace, "yinhe", "monthly_review", "owner") == []


def _empty(root: Path) -> Workspace:
    (root / "propkit.toml").write_text('[workspace]\nname = "w"\n', encoding="utf-8")
    return pk.open_workspace(root)


def test_a_change_of_rules_is_named_before_all_else(workspace: Workspace) -> None:
    _tell(_book(workspace, "2025-08", "2025-09-05"))
    (telling,) = store.told(workspace, "yinhe", "monthly_review", "internal")
    found = restated.changes(_book(workspace, "2025-09", "2025-10-15"), telling | {"rules": "others"})

    assert len(found) > 0
    assert set(found["reason"]) == {"rules"}
    assert isinstance(found["num_then"].dtype, pd.Int64Dtype)
