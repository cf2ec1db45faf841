"""Intake scored against the manifest: defects repaired or refused, nothing sound refused, no cell changed wrongly."""

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from propkit import domains
from propkit.counts import tally
from propkit.demo import AS_OF, MONTHS, Company, true_kpis
from propkit.demo.surveys import WAVES
from propkit.domains import TABLES
from propkit.model import Cut, Definitions, Wave
from tests.demo.conftest import Read, hashed
from tests.rooms import rooms

PLACE = ["file", "line"]
NOT_LINES = ("encoding", "title_row", "merged_header", "reversed_scale", "side_note")
RULES = {
    "bad_date": {"unreadable", "ambiguous_date"},
    "impossible_time": {"impossible_order"},
    "future_date": {"future", "impossible_order"},
    "ambiguous_room": {"ambiguous_place"},
    "unreadable_room": {"unreadable"},
    "off_scale": {"unreadable", "out_of_range"},
    "unknown_status": {"not_a_choice"},
    "rounded_id": {"unreadable"},
    "duplicate": {"duplicate"},
    "older_state": {"superseded", "duplicate"},
    "total_row": {"total_row"},
    "wrong_total": {"total_row"},
}


def lines_of(company: Company, expected: str) -> pd.DataFrame:
    defects = company.manifest
    return defects[(defects["expected"] == expected) & ~defects["kind"].isin(NOT_LINES)]


def test_every_file_is_read_and_every_line_accounted_for(company: Company, read: Read) -> None:
    assert {path.removeprefix("raw/") for path in company.files if path.startswith("raw/")} == set(read.accounts)
    for account in read.accounts.values():
        assert account.refused is None
        assert account.lines == account.kept + account.rejected_lines


@pytest.mark.parametrize("expected", ["refused", "excluded"])
def test_damaged_lines_are_rejected_by_the_right_rule(company: Company, read: Read, expected: str) -> None:
    defects = lines_of(company, expected)
    defects = defects[defects["kind"] != "blank_line"]
    assert len(defects)
    rules = read.rejects.groupby(PLACE)["rule"].agg(set)
    for kind, file, line in defects[["kind", *PLACE]].itertuples(index=False):
        assert (file, line) in rules.index, (kind, file, line)
        assert rules[file, line] & RULES[kind], (kind, file, line, rules[file, line])


def test_no_sound_line_is_rejected(company: Company, read: Read) -> None:
    manifest = company.manifest
    known = manifest[manifest["expected"].isin(["refused", "excluded"])]
    expected = set(map(tuple, known[PLACE].to_numpy()))
    assert set(map(tuple, read.rejects[PLACE].to_numpy())) <= expected


def test_repaired_cells_hold_the_true_value(company: Company, read: Read) -> None:
    """Each defect by its line: the row read from it has the true value of its key.  Older states have no row."""
    repaired, scored = lines_of(company, "repaired"), 0
    for name, table in TABLES.items():
        keys = list(table.key)
        truth = hashed(company.surviving[name], name)
        defects = repaired[(repaired["table"] == name) & repaired["field"].isin(table.columns)]
        for field, own in defects.groupby("field"):
            rows = own[PLACE].merge(read.rows[name][list(dict.fromkeys([*PLACE, *keys, field]))], on=PLACE)
            both = rows.merge(truth[keys].assign(true=truth[field]), on=keys, how="left", indicator=True)
            assert (both["_merge"] == "both").all(), (name, field)
            assert both[field].equals(both["true"]), both[both[field] != both["true"]]
            scored += rows[PLACE].drop_duplicates().shape[0]
    assert scored > 0.97 * len(repaired)


@pytest.mark.parametrize("name", TABLES)
def test_cleaned_rows_are_exactly_what_survives(company: Company, read: Read, name: str) -> None:
    """Cell for cell: whatever the exports still tell comes out, and nothing else."""
    table = TABLES[name]
    wanted = hashed(company.surviving[name], name).sort_values(list(table.key), ignore_index=True)
    found = read.rows[name][list(wanted.columns)].sort_values(list(table.key), ignore_index=True)
    assert_frame_equal(found, wanted)


def test_files_say_what_they_are(company: Company, read: Read) -> None:
    odd = company.manifest[company.manifest["kind"] == "encoding"]
    assert set(odd["corrupted"]) == {"gb18030", "utf-8-sig"}
    for file, encoding in odd[["file", "corrupted"]].itertuples(index=False):
        assert read.accounts[file].encoding == encoding
    notes = company.manifest[company.manifest["kind"] == "side_note"]
    for file, count in notes["file"].value_counts().items():
        assert read.accounts[file].side_notes == count


def test_printed_totals_are_checked(company: Company, read: Read) -> None:
    wrong = company.manifest[company.manifest["kind"] == "wrong_total"]
    assert set(wrong["file"]) == {file for file, account in read.accounts.items() if _has_wrong(account)}
    assert sum(len(account.checks) for account in read.accounts.values()) > 10


def _has_wrong(account: object) -> bool:
    return any(not check.equal for check in account.checks)


def test_personal_columns_are_left_out(read: Read) -> None:
    left_out = {header for account in read.accounts.values() for header in account.personal_headers}
    assert {"报修人", "手机号", "来自IP", "联系电话", "业主"} <= left_out
    for rows in read.rows.values():
        text = rows.select_dtypes("str")
        assert not text.apply(lambda column: column.str.contains("测试业主|19900", na=False)).any().any()


def test_kpis_of_the_cleaned_data_are_the_true_ones(company: Company, read: Read) -> None:
    """Equal to the truth that survives, for every KPI, community and month; both count independently."""
    wanted = true_kpis(company.surviving)
    waves = tuple(Wave(wave.id, wave.label, wave.month, wave.mode, wave.invited) for wave in WAVES)
    tables = domains.derive(read.rows, Cut(pd.Timestamp(AS_OF), Definitions(), waves, {}))
    found = pd.concat([_counted(tables, kpi) for kpi in wanted["kpi"].unique()])
    found = found[found["month"].isin(MONTHS) & (found["den"] > 0)]
    keys = ["kpi", "community", "month", "segment"]
    wanted = wanted[wanted["den"] > 0].sort_values(keys, ignore_index=True)
    assert_frame_equal(found.sort_values(keys, ignore_index=True), wanted, check_dtype=False)


@pytest.mark.parametrize("room", rooms(), ids=lambda room: room.__name__.rpartition(".")[2])
def test_kpis_of_a_room_are_the_true_ones(company: Company, read: Read, room: object) -> None:
    """Equal to a slow recomputation from what survives, for every KPI of the room, community and month."""
    plain = {name: _rows_of(_short(company.surviving[name], name)) for name in TABLES}
    wanted: dict[tuple, list[int]] = {}
    for kpi, row, date, _, num, den in room.marks(plain, AS_OF, Definitions(), {}):
        if date is not None:
            sums = wanted.setdefault((kpi, row["community"], f"{date:%Y-%m}"), [0, 0])
            sums[0], sums[1] = sums[0] + num, sums[1] + den
    rows = {name: _short(rows, name) for name, rows in read.rows.items()}
    tables = domains.derive(rows, Cut(pd.Timestamp(AS_OF), Definitions()))
    kpis = [domains.KPIS[kpi] for kpi in dict.fromkeys(key[0] for key in wanted)]
    counts = tally(tables, kpis, ["community", "month"])
    keys = zip(counts["kpi"], counts["community"], counts["month"], strict=True)
    found = {key: [num, den] for key, num, den in zip(keys, counts["num"], counts["den"], strict=True)}
    assert {key: sums for key, sums in found.items() if any(sums)} == {
        key: sums for key, sums in wanted.items() if any(sums)
    }


def _short(rows: pd.DataFrame, name: str) -> pd.DataFrame:
    """A week of patrols is enough, and the plain recomputation looks at every pair of them."""
    dates = {"patrol_plan": "planned_at", "patrol_scan": "actual_at"}
    if name not in dates:
        return rows
    day = rows[dates[name]]
    return rows[(day >= pd.Timestamp("2025-09-01")) & (day < pd.Timestamp("2025-09-08"))].reset_index(drop=True)


def _rows_of(rows: pd.DataFrame) -> list[dict]:
    columns = {name: [None if pd.isna(value) else _plain(value) for value in rows[name]] for name in rows}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _plain(value: object) -> object:
    value = value.to_pydatetime() if isinstance(value, pd.Timestamp) else value
    return value.item() if hasattr(value, "item") else value  # "is False" is asked of plain values


def _counted(tables: dict[str, pd.DataFrame], kpi_id: str) -> pd.DataFrame:
    kpi = domains.KPIS[kpi_id]
    counts = tally(tables, [kpi], ["community", "month", *([kpi.by] if kpi.by else [])])
    counts = counts.rename(columns={kpi.by: "segment"}) if kpi.by else counts.assign(segment="all")
    den = counts["num"] if kpi.kind == "count" else counts["den"]
    return counts.assign(den=den)[["kpi", "community", "month", "segment", "num", "den"]]
