"""What communities count to: the same figures as from their rows, kept until anything differs, and never out of date."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from propkit import counted, domains, store
from propkit.counted import count_communities
from propkit.domains import community
from propkit.figures import figures
from propkit.model import Cut
from propkit.periods import parse_period
from propkit.reporting import items, plausibility, portfolio
from propkit.workspace import Workspace, open_workspace

PLACES = ["yinhe", "cuihu", "lanting"]
PERIODS = [parse_period(text) for text in ("2025-09", "2024-09", "2025Q3", "2025", "2025-03..2025-08", "2031-01")]
KPIS = list(domains.KPIS.values())


@pytest.fixture
def workspace(demo_workspace: Workspace, tmp_path: Path) -> Workspace:
    """The demo's, of which nothing has been counted."""
    root = tmp_path / "w"
    shutil.copytree(demo_workspace.root, root, ignore=shutil.ignore_patterns("raw", "counts", "reports", "parts"))
    return open_workspace(root)


def test_figures_are_those_of_the_rows(workspace: Workspace) -> None:
    cut = _cut(workspace)
    tables = domains.derive(store.load(workspace), cut)

    found = count_communities(workspace, PLACES, cut)

    assert (found.known["work_order"], found.given["work_order"]) == (len(tables["work_order"]),) * 2
    assert found.homes == community.occupied(tables["household"])
    _same(_figures(found, cut), figures(tables, cut, KPIS, PERIODS, communities=PLACES))


def test_an_earlier_cut_off_is_counted_by_itself(workspace: Workspace) -> None:
    late, early = _cut(workspace), dataclasses.replace(_cut(workspace), as_of=pd.Timestamp("2025-07-15 23:59:59"))

    whole, part = (count_communities(workspace, PLACES, cut) for cut in (late, early))

    tables = domains.derive(store.load(workspace), early)
    _same(_figures(part, early), figures(tables, early, KPIS, PERIODS, communities=PLACES))
    assert part.known["work_order"] < whole.known["work_order"] == part.given["work_order"]
    assert {len(list(folder.iterdir())) for folder in (workspace.private / "counts").iterdir()} == {2}


def test_what_was_counted_is_not_counted_again(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = _cut(workspace)
    first = _figures(count_communities(workspace, PLACES, cut), cut)
    monkeypatch.setattr(store, "load", _never)

    _same(_figures(count_communities(workspace, PLACES, cut), cut), first)


def test_only_a_community_whose_rows_changed_is_counted_anew(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = _cut(workspace)
    before = count_communities(workspace, PLACES, cut).known["complaint"]
    path = workspace.store / "rows" / "complaint" / "cuihu.parquet"
    rows = pd.read_parquet(path)
    rows.iloc[:-3].to_parquet(path, index=False)
    read: list[list[str]] = []
    monkeypatch.setattr(store, "load", _spied(store.load, read))

    found = count_communities(workspace, PLACES, cut)

    assert (read, before - found.known["complaint"]) == ([["cuihu"]], 3)
    assert [len(list((workspace.private / "counts" / place).iterdir())) for place in PLACES] == [1, 1, 1]
    _same(_figures(found, cut), figures(_tables(workspace, cut), cut, KPIS, PERIODS, communities=PLACES))


def test_other_code_counts_anew(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = _cut(workspace)
    count_communities(workspace, PLACES, cut)
    monkeypatch.setattr(counted, "package_hash", lambda: "other")
    read: list[list[str]] = []
    monkeypatch.setattr(store, "load", _spied(store.load, read))

    count_communities(workspace, PLACES, cut)

    assert [place for places in read for place in places] == PLACES


def test_rows_that_change_while_they_are_counted_are_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, path = _cut(workspace), workspace.store / "rows" / "complaint" / "lanting.parquet"
    load = store.load

    def disturbed(*given: object) -> dict[str, pd.DataFrame]:
        rows = load(*given)
        pd.read_parquet(path).iloc[:-1].to_parquet(path, index=False)
        return rows

    monkeypatch.setattr(store, "load", disturbed)

    count_communities(workspace, PLACES, cut)

    assert sorted(folder.name for folder in (workspace.private / "counts").iterdir()) == ["cuihu", "yinhe"]


def test_a_store_that_cannot_be_written_to_is_counted_all_the_same(workspace: Workspace) -> None:
    cut = _cut(workspace)
    (workspace.private / "counts").write_bytes(b"")  # no folder can be made here

    found = _figures(count_communities(workspace, PLACES, cut), cut)

    _same(found, figures(_tables(workspace, cut), cut, KPIS, PERIODS, communities=PLACES))


def test_several_processes_and_little_memory_count_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = _cut(workspace)
    alone = _figures(count_communities(workspace, PLACES, cut, workers=1), cut)
    files = {path: path.read_bytes() for path in (workspace.private / "counts").rglob("*.parquet")}
    shutil.rmtree(workspace.private / "counts")
    monkeypatch.setattr(store, "_CELL_BYTES", 1 << 20)  # each community is larger than the memory

    _same(_figures(count_communities(workspace, PLACES, cut, workers=2), cut), alone)

    assert {path: path.read_bytes() for path in files} == files


def test_no_community_counts_to_nothing(workspace: Workspace) -> None:
    cut = _cut(workspace)

    found = count_communities(workspace, [], cut)

    assert figures({}, cut, KPIS, PERIODS, communities=["none"], monthly=found.monthly)["state"].eq("no_data").all()


def test_the_portfolio_and_the_checks_read_no_orders(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    cut, load = _cut(workspace), store.load
    count_communities(workspace, PLACES, cut)
    asked: list[set[str]] = []

    def few(place: Workspace, communities: list[str], names: tuple[str, ...]) -> dict[str, pd.DataFrame]:
        asked.append(set(names))
        return load(place, communities, names)

    monkeypatch.setattr(store, "load", few)

    book = portfolio.open_portfolio(workspace=workspace.root, period="2025-09")
    assert (book.sides(["repairs_on_time_rate"])["n"] > 0).all()
    assert plausibility.findings(workspace)
    assert asked == [{"published_rate", "target", "household"}]


def test_values_of_whole_months_are_sums_of_what_was_counted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, ids = _cut(workspace), ["repairs_on_time_rate", "complaints_per_1000_homes", "owner_satisfaction"]
    expected = figures(_tables(workspace, cut), cut, [domains.KPIS[one] for one in ids], PERIODS, communities=PLACES)
    count_communities(workspace, PLACES, cut)
    monkeypatch.setattr(store, "load", _never)

    _same(items.values(workspace, ids, PERIODS, communities=PLACES, cut=cut), expected)


def _cut(workspace: Workspace) -> Cut:
    return workspace.cut(store.data_cutoff(workspace))


def _tables(workspace: Workspace, cut: Cut) -> dict[str, pd.DataFrame]:
    return domains.derive(store.load(workspace, PLACES), cut)


def _figures(found: counted.Counted, cut: Cut) -> pd.DataFrame:
    return figures({}, cut, KPIS, PERIODS, communities=PLACES, monthly=found.monthly)


def _same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def _spied(load: Callable, read: list[list[str]]) -> Callable:
    def spy(workspace: Workspace, communities: list[str], *names: object) -> dict[str, pd.DataFrame]:
        read.append(list(communities))
        return load(workspace, communities, *names)

    return spy


def _never(*given: object) -> dict[str, pd.DataFrame]:
    raise AssertionError(f"rows were read: {given}")
