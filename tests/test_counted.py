"""What communities count to: the same figures as from their rows, kept until anything differs, and never out of date."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from propkit import counted, domains, store
from propkit.counted import Counted, count_communities
from propkit.domains import community
from propkit.figures import figures
from propkit.model import Cut
from propkit.periods import parse_period
from propkit.reporting import items, plausibility, portfolio
from propkit.workspace import Workspace, open_workspace

PLACES, SMALL = ["yinhe", "cuihu", "lanting"], ["lanting"]
PERIODS = [parse_period(text) for text in ("2025-09", "2024-09", "2025Q3", "2025", "2025-03..2025-08", "2031-01")]
KPIS = list(domains.KPIS.values())


@dataclass(frozen=True)
class Known:
    """The demo's workspace, what it counted to, and what its figures are by the rows."""

    workspace: Workspace
    found: Counted
    tables: dict[str, pd.DataFrame]
    figures: pd.DataFrame


@pytest.fixture(scope="module")
def known(demo_workspace: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Known:
    root = tmp_path_factory.mktemp("counted") / "w"
    shutil.copytree(demo_workspace.root, root, ignore=shutil.ignore_patterns("raw", "counts", "reports", "parts"))
    workspace = open_workspace(root)
    cut = _cut(workspace)
    tables = domains.derive(store.load(workspace, PLACES), cut)
    expected = figures(tables, cut, KPIS, PERIODS, communities=PLACES)
    return Known(workspace, count_communities(workspace, PLACES, cut), tables, expected)


@pytest.fixture
def workspace(known: Known, tmp_path: Path) -> Workspace:
    """A copy in which every community has been counted."""
    shutil.copytree(known.workspace.root, tmp_path / "w")
    return open_workspace(tmp_path / "w")


def test_figures_are_those_of_the_rows(known: Known) -> None:
    assert known.found.known["work_order"] == known.found.given["work_order"] == len(known.tables["work_order"])
    assert known.found.homes == community.occupied(known.tables["household"])
    _same(_figures(known.found, _cut(known.workspace), PLACES), known.figures)


def test_what_was_counted_is_not_counted_again(
    known: Known, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = _cut(workspace)
    monkeypatch.setattr(store, "load", _never)

    _same(_figures(count_communities(workspace, PLACES, cut), cut, PLACES), known.figures)


def test_an_earlier_cut_off_is_counted_by_itself(known: Known, workspace: Workspace) -> None:
    early = dataclasses.replace(_cut(workspace), as_of=pd.Timestamp("2025-07-15 23:59:59"))

    part = count_communities(workspace, SMALL, early)

    tables = domains.derive(store.load(workspace, SMALL), early)
    _same(_figures(part, early, SMALL), figures(tables, early, KPIS, PERIODS, communities=SMALL))
    assert part.known["work_order"] < part.given["work_order"]
    assert _kept(workspace) == {"yinhe": 1, "cuihu": 1, "lanting": 2}


def test_only_a_community_whose_rows_changed_is_counted_anew(
    known: Known, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, read = _cut(workspace), []
    path = workspace.store / "rows" / "complaint" / "lanting.parquet"
    pd.read_parquet(path).iloc[:-3].to_parquet(path, index=False)
    tables = domains.derive(store.load(workspace, SMALL), cut)
    monkeypatch.setattr(store, "load", _spied(store.load, read))

    found = count_communities(workspace, PLACES, cut)

    assert (read, known.found.known["complaint"] - found.known["complaint"]) == ([SMALL], 3)
    assert _kept(workspace) == dict.fromkeys(PLACES, 1)
    _same(_figures(found, cut, SMALL), figures(tables, cut, KPIS, PERIODS, communities=SMALL))


def test_other_code_counts_anew(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[list[str]] = []
    monkeypatch.setattr(counted, "package_hash", lambda: "other")
    monkeypatch.setattr(store, "load", _spied(store.load, read))

    count_communities(workspace, SMALL, _cut(workspace))

    assert read == [SMALL]


def test_a_torn_file_is_counted_anew(known: Known, workspace: Workspace) -> None:
    cut = _cut(workspace)
    (path,) = (workspace.private / "counts" / "lanting").iterdir()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])

    _same(_figures(count_communities(workspace, PLACES, cut), cut, PLACES), known.figures)

    assert path.read_bytes() == whole


def test_rows_that_change_while_they_are_counted_are_not_kept(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, load = workspace.store / "rows" / "complaint" / "lanting.parquet", store.load
    shutil.rmtree(workspace.private / "counts")

    def disturbed(*given: object) -> dict[str, pd.DataFrame]:
        rows = load(*given)
        pd.read_parquet(path).iloc[:-1].to_parquet(path, index=False)
        return rows

    monkeypatch.setattr(store, "load", disturbed)

    count_communities(workspace, SMALL, _cut(workspace))

    assert _kept(workspace) == {}


def test_a_store_that_cannot_be_written_to_is_counted_all_the_same(known: Known, workspace: Workspace) -> None:
    cut = _cut(workspace)
    shutil.rmtree(workspace.private / "counts")
    (workspace.private / "counts").write_bytes(b"")  # no folder can be made here

    found = _figures(count_communities(workspace, SMALL, cut), cut, SMALL)

    _same(found, known.figures[known.figures["community"].isin(SMALL)])


def test_several_processes_and_little_memory_count_the_same(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = {path: path.read_bytes() for path in (workspace.private / "counts").rglob("*.parquet")}
    shutil.rmtree(workspace.private / "counts")
    monkeypatch.setattr(store, "_CELL_BYTES", 1 << 20)  # each community is larger than the memory

    count_communities(workspace, PLACES, _cut(workspace), workers=2)

    assert {path: path.read_bytes() for path in files} == files


def test_no_community_counts_to_nothing(workspace: Workspace) -> None:
    cut = _cut(workspace)

    found = count_communities(workspace, [], cut)

    assert _figures(found, cut, ["none"])["state"].eq("no_data").all()


def test_the_portfolio_and_the_checks_read_no_orders(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    load, asked = store.load, []

    def few(place: Workspace, communities: list[str], names: tuple[str, ...]) -> dict[str, pd.DataFrame]:
        asked.append(set(names))
        return load(place, communities, names)

    monkeypatch.setattr(store, "load", few)

    book = portfolio.open_portfolio(workspace=workspace.root, period="2025-09")
    assert (book.sides(["repairs_on_time_rate"])["n"] > 0).all()
    assert plausibility.findings(workspace)
    assert asked == [{"published_rate", "target", "household"}]


def test_values_of_whole_months_are_sums_of_what_was_counted(
    known: Known, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut, ids = _cut(workspace), ["repairs_on_time_rate", "complaints_per_1000_homes", "owner_satisfaction"]
    monkeypatch.setattr(store, "load", _never)

    told = items.values(workspace, ids, PERIODS, communities=PLACES, cut=cut)

    _same(told, pd.concat([known.figures[known.figures["kpi"] == one] for one in ids]))


def _cut(workspace: Workspace) -> Cut:
    return workspace.cut(store.data_cutoff(workspace))


def _kept(workspace: Workspace) -> dict[str, int]:
    return {folder.name: len(list(folder.iterdir())) for folder in (workspace.private / "counts").glob("*")}


def _figures(found: Counted, cut: Cut, places: list[str]) -> pd.DataFrame:
    return figures({}, cut, KPIS, PERIODS, communities=places, monthly=found.monthly)


def _same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(one.reset_index(drop=True), other.reset_index(drop=True))


def _spied(load: Callable, read: list[list[str]]) -> Callable:
    def spy(workspace: Workspace, communities: list[str], *names: object) -> dict[str, pd.DataFrame]:
        read.append(list(communities))
        return load(workspace, communities, *names)

    return spy


def _never(*given: object) -> dict[str, pd.DataFrame]:
    raise AssertionError(f"rows were read: {given}")
