"""The demo is what its README says: the same bytes every time, true to itself, invented, small."""

import io
import re
import zipfile
from pathlib import Path

import pandas as pd
import pytest

from propkit.demo import AS_OF, MONTHS, Company, true_kpis
from propkit.demo.estates import ESTATES
from propkit.demo.fees import SPIKE
from propkit.domains import TABLES

COMMITTED = Path(__file__).parents[2] / "data" / "demo"
HOUSES = [table for table in TABLES.values() if "household" in table.columns]


def content(path: str, data: bytes) -> object:
    """What a file says: bytes, and for a workbook its parts, since compression may differ between machines."""
    if not path.endswith(".xlsx"):
        return data
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_regeneration_gives_the_committed_files(company: Company) -> None:
    for path, data in company.files.items():
        assert content(path, (COMMITTED / path).read_bytes()) == content(path, data), path
    committed = {path.relative_to(COMMITTED).as_posix() for path in (COMMITTED / "raw").rglob("*") if path.is_file()}
    assert committed == {path for path in company.files if path.startswith("raw/")}


def test_the_demo_stays_small(company: Company) -> None:
    assert sum(map(len, company.files.values())) < 6_000_000


@pytest.mark.parametrize("name", TABLES)
def test_the_truth_keeps_the_rules_of_its_tables(company: Company, name: str) -> None:
    table, rows = TABLES[name], company.truth[name]
    assert not rows.duplicated(list(table.key)).any()
    assert rows[table.required].notna().all().all()
    for earlier, later in table.ordered:
        assert not (rows[later] < rows[earlier]).any(), (earlier, later)
    for column in table.events:
        assert not (rows[column] > pd.Timestamp(AS_OF)).any(), column
    for column, spec in table.columns.items():
        assert set(rows[column].dropna()) <= set(spec.choices) or not spec.choices, column


@pytest.mark.parametrize("table", HOUSES, ids=lambda table: table.name)
def test_every_household_is_in_the_register(company: Company, table) -> None:
    register = company.truth["household"]
    known = set(register["community"] + register["household"])
    rows = company.truth[table.name].dropna(subset=["household"])
    assert set(rows["community"] + rows["household"]) <= known


def test_communities_have_the_promised_sizes(company: Company) -> None:
    sizes = company.truth["household"]["community"].value_counts()
    assert sizes.to_dict() == {"cuihu": 2600, "yinhe": 1200, "lanting": 400}
    assert {estate.id: estate.households for estate in ESTATES} == sizes.to_dict()


def test_payments_meet_bills(company: Company) -> None:
    bills, payments = company.truth["fee_bill"], company.truth["fee_payment"]
    named = payments.dropna(subset=["bill_id"])
    assert set(named["bill_id"]) <= set(bills["bill_id"])
    assert payments.loc[payments["bill_id"].isna(), "is_prepayment"].all()


def test_the_small_community_has_a_month_without_complaints(company: Company) -> None:
    rows = company.truth["complaint"]
    heard = rows.loc[rows["community"] == "lanting", "received_at"].dt.strftime("%Y-%m")
    assert set(MONTHS) - set(heard) == {"2025-05"}


def test_leaks_come_back_in_one_building(company: Company) -> None:
    rows = company.truth["work_order"]
    leaks = rows[(rows["community"] == "cuihu") & (rows["fault_type"] == "水管渗漏")].dropna(subset=["household"])
    again = leaks[leaks.duplicated(["household"], keep=False)]
    assert again["household"].str.split("-").str[0].value_counts().idxmax() == "7"


def test_the_late_payer_spike_shows(company: Company) -> None:
    truth = true_kpis({**company.truth, "fee_payment": _paid_by(company, "2025-06-30")})
    rates = truth[(truth["kpi"] == "fee_collection_rate_current") & (truth["community"] == SPIKE[0])].set_index("month")
    share = rates["num"] / rates["den"]
    assert share[SPIKE[1]] < share["2025-03"] - 0.1
    assert share[SPIKE[1]] < share["2025-05"]


def _paid_by(company: Company, day: str) -> pd.DataFrame:
    payments = company.truth["fee_payment"]
    return payments[payments["paid_at"] <= pd.Timestamp(day)]


def test_what_survives_is_part_of_the_truth(company: Company) -> None:
    for name, table in TABLES.items():
        truth, left = company.truth[name], company.surviving[name]
        assert set(map(tuple, left[list(table.key)].to_numpy())) <= set(map(tuple, truth[list(table.key)].to_numpy()))


def test_manifest_names_every_kind_of_damage(company: Company) -> None:
    assert set(company.manifest["kind"]) == {
        "room_format", "date_format", "full_width", "missing_marker", "unit_in_cell", "money_text", "bad_date",
        "impossible_time", "future_date", "ambiguous_room", "unreadable_room", "off_scale", "missing_completion",
        "unknown_status", "rounded_id", "duplicate", "older_state", "total_row", "wrong_total", "blank_line",
        "side_note",
        "encoding", "title_row", "merged_header", "reversed_scale",
    }  # fmt: skip
    assert set(company.manifest["expected"]) == {"repaired", "refused", "excluded", "missing"}
    assert company.manifest["defect_id"].is_unique


def test_people_are_invented(company: Company) -> None:
    for path, data in company.files.items():
        parts = content(path, data)
        texts = parts.values() if isinstance(parts, dict) else [parts]
        for text in texts:
            said = text.decode("gb18030" if "报修台账" in path or "表扬登记" in path else "utf-8", errors="ignore")
            assert set(re.findall(r"(?<![\d.])1[3-9]\d{9}(?![\d.])", said)) <= set(re.findall(r"19900\d{6}", said)), (
                path
            )


def test_true_kpis_cover_every_community_and_kpi(company: Company) -> None:
    truth = true_kpis(company.truth)
    assert list(truth.columns) == ["kpi", "community", "month", "segment", "num", "den"]
    assert (truth["num"] <= truth["den"]).all()
    assert (truth.groupby("kpi")["community"].nunique() == 3).all()
