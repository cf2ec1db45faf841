"""Three real files that nobody here made, read as a user would: a propkit.toml and no line of code that knows them.

Every figure is one of the README that comes with the files; they are never copied into the project.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import propkit as pk
from propkit import store
from propkit.workspace import Workspace

ROOT = Path(__file__).parent.parent
DATA = ROOT.parent / "shared" / "realdata"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the real files (../shared/realdata) are not on this machine")


def _workspace(tmp_path_factory: pytest.TempPathFactory, example: str, file: str) -> Workspace:
    root = tmp_path_factory.mktemp(example)
    shutil.copy(ROOT / "docs" / "examples" / example / "propkit.toml", root)
    (root / "raw").mkdir()
    (root / "raw" / file).symlink_to(DATA / file)
    workspace = pk.open_workspace(root)
    pk.ingest(workspace)
    return workspace


@pytest.fixture(scope="module")
def boston(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return _workspace(tmp_path_factory, "boston311", "boston311_2011q3.csv")


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return _workspace(tmp_path_factory, "kcmo_survey", "kcmo_resident_survey_2021q3.csv")


@pytest.fixture(scope="module")
def messages(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return _workspace(tmp_path_factory, "citizen_messages", "citizen_messages_zh.xlsx")


def _values(workspace: Workspace, *arguments: str) -> list[dict[str, str]]:
    command = [sys.executable, "-m", "propkit", "values", *arguments, "-w", str(workspace.root), "--format", "csv"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=workspace.root)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def _added(rows: list[dict[str, str]], *keys: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Add numerators and denominators of printed figures: counts add."""
    sums: dict[tuple[str, ...], tuple[int, int]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        num, den = sums.get(key, (0, 0))
        sums[key] = (num + int(row["num"] or 0), den + int(row["den"] or 0))
    return sums


def _derived(workspace: Workspace) -> dict[str, pd.DataFrame]:
    return pk.derive(store.load(workspace), workspace.cut(store.data_cutoff(workspace)))


def _due_by_report() -> pk.Kpi:
    """The city's basis: met by the due time among cases with one, by the month in which they were reported."""
    return dataclasses.replace(pk.KPIS["repairs_on_time_rate"], dated_by="reported_at")


def test_boston_every_row_is_kept_and_the_open_ones_stay_open(boston: Workspace) -> None:
    (entry,) = store.results(boston)["files"]
    rows = store.load(boston)["work_order"]

    assert (entry["lines"], entry["kept"], entry["rejected"]) == (31828, 31828, {})
    assert (len(rows), rows["order_id"].nunique(), int(rows["completed_at"].isna().sum())) == (31828, 31828, 1747)


def test_boston_reported_by_month_through_values(boston: Workspace) -> None:
    rows = _values(boston, "work_order_volume", "--period", "2011-07,2011-08,2011-09")

    assert {key[0]: num for key, (num, _) in _added(rows, "period").items()} == {
        "2011-07": 9854,
        "2011-08": 11547,
        "2011-09": 10427,
    }
    dorchester = [int(row["num"]) for row in rows if row["community"] == "dorchester"]
    assert dorchester == [1579, 1953, 1750]


def test_boston_housing_through_values(boston: Workspace) -> None:
    rows = _values(boston, "repair_completion_rate", "--period", "2011Q3", "--by", "category")

    assert _added(rows, "segment")[("Housing",)] == (1338, 2160)


def test_boston_met_by_due_time_by_month_of_report(boston: Workspace) -> None:
    counts = pk.tally(_derived(boston), [_due_by_report()], ["community", "month"])
    by_month = pk.rollup(counts, ["month"])
    dorchester = counts[counts["community"] == "dorchester"]

    assert list(zip(by_month["num"], by_month["den"], strict=True)) == [(6293, 8157), (7260, 9625), (6803, 9033)]
    assert (by_month["num"].sum(), by_month["den"].sum()) == (20356, 26815)
    assert list(zip(dorchester["num"], dorchester["den"], strict=True)) == [(1089, 1392), (1206, 1595), (1134, 1481)]


def test_boston_housing_met_by_due_time(boston: Workspace) -> None:
    counts = pk.tally(_derived(boston), [_due_by_report()], ["category"])
    housing = counts[counts["category"] == "Housing"].iloc[0]

    assert (housing["num"], housing["den"]) == (1016, 2160)


def test_boston_what_the_file_does_not_say_is_no_data(boston: Workspace) -> None:
    ids = ["repair_response_on_time_rate", "first_time_fix_rate", "emergency_on_time_rate", "repair_satisfaction"]
    rows = _values(boston, *ids, "--period", "2011Q3")

    assert {row["state"] for row in rows} == {"no_data"}
    assert {row["value"] for row in rows} == {""}


def test_survey_owners_and_renters_through_values(survey: Workspace) -> None:
    rows = _values(survey, "satisfaction_by_item", "--period", "2021-09", "--by", "owner_type", "--by", "item")
    sums = _added(rows, "segment")

    assert {key[0]: value for key, value in sums.items() if not key[0].startswith("unknown")} == {
        "owner|overall": (374, 814),
        "tenant|overall": (94, 188),
        "owner|housing": (498, 717),
        "tenant|housing": (76, 188),
        "owner|resolved": (374, 634),
        "tenant|resolved": (75, 133),
    }


def test_survey_overall_through_values(survey: Workspace) -> None:
    sums = _added(_values(survey, "owner_satisfaction", "--period", "2021-09", "--by", "owner_type"), "segment")

    assert (sums[("owner",)], sums[("tenant",)]) == ((374, 814), (94, 188))


def test_messages_by_month_through_values(messages: Workspace) -> None:
    rows = _values(messages, "complaint_count", "--period", "2019-01..2019-12") + _values(
        messages, "complaint_count", "--period", ",".join([f"2019-{month:02}" for month in range(1, 13)] + ["2020-01"])
    )

    assert [int(row["num"]) for row in rows[1:]] == [359, 256, 368, 397, 387, 338, 417, 391, 387, 296, 280, 366, 80]
    assert int(rows[0]["num"]) == sum(int(row["num"]) for row in rows[1:13])


def test_messages_keep_texts_and_true_dates(messages: Workspace) -> None:
    rows = store.load(messages)["complaint"]
    months = rows["received_at"].dt.strftime("%Y-%m")

    assert len(rows) == 4326
    assert int((months < "2019-01").sum()) == 4
    assert int(rows["title"].str.contains("物业").sum()) == 113
    assert int(rows["title"].str.contains("停车").sum()) == 99
