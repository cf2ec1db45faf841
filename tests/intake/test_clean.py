"""Cells to rows: every rule of refusal, every mess of the field, and no line lost."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.domains import TABLES
from propkit.intake import Context, Refusal, Source, clean, read_file, rules, take
from propkit.intake.communities import community_id
from propkit.intake.personal import pseudonym
from propkit.intake.reconciliation import RULES
from tests.intake.files import (
    HEADER,
    LINE,
    ORDERS,
    YINHE,
    order,
    orders_csv,
    reject_of,
    take_orders,
    take_survey,
    text_file,
    workbook,
)


def test_a_line_becomes_a_row_with_the_columns_and_dtypes_of_its_table(tmp_path: Path) -> None:
    cleaned = take_orders(tmp_path, LINE)
    (row,) = cleaned.rows.to_dict("records")
    table = TABLES["work_order"]
    assert list(cleaned.rows.columns) == [*table.columns, "community", "building", "file", "line"]
    assert all(str(cleaned.rows[name].dtype) == column.dtype for name, column in table.columns.items())
    assert (row["order_id"], row["status"], row["visit_count"]) == ("W1", "done", 1)
    assert row["reported_at"] == pd.Timestamp("2025-09-03 08:05")
    assert row["household"] == pseudonym(b"secret", "yinhe|3-2-501")
    assert (row["community"], row["building"], row["file"], row["line"]) == ("yinhe", "3", "orders.csv", 2)
    assert pd.isna(row["closed_at"])


def test_rooms_written_differently_are_one_household_and_no_room_is_stored(tmp_path: Path) -> None:
    rooms = ("3-2-501", "3栋2单元501", "3号楼2单元0501室", "３－２－５０１")
    rows = take_orders(tmp_path, *(order(at, room=room) for at, room in enumerate(rooms))).rows
    assert rows["household"].nunique() == 1
    assert not rows.astype("str").isin(rooms).to_numpy().any()


@pytest.mark.parametrize(
    ("cells", "column", "rule"),
    [
        ({"id": ""}, "order_id", "required"),
        ({"at": "--"}, "reported_at", "required"),
        ({"id": "1.02E+17"}, "order_id", "unreadable"),
        ({"at": "2025-09-31"}, "reported_at", "unreadable"),
        ({"done": "2020-6-10#2020-07-10"}, "completed_at", "unreadable"),
        ({"done": "1999-01-01"}, "completed_at", "out_of_range"),
        ({"done": "03/04/2025"}, "completed_at", "ambiguous_date"),
        ({"done": "2025-09-02 02:00"}, "completed_at", "impossible_order"),
        ({"room": "2栋9-8"}, "household", "ambiguous_place"),
        ({"room": "小区东门"}, "household", "unreadable"),
        ({"status": "已拒单"}, "status", "not_a_choice"),
        ({"visits": "100"}, "visit_count", "out_of_range"),
        ({"visits": "几次"}, "visit_count", "unreadable"),
    ],
)
def test_a_bad_cell_refuses_its_line_with_the_original_text(
    tmp_path: Path, cells: dict[str, str], column: str, rule: str
) -> None:
    cleaned = take_orders(tmp_path, order(1), order(2, **cells), order(3))
    (value,) = cells.values()
    assert reject_of(cleaned, 3) == [(column, rule, value)]
    assert cleaned.rows["order_id"].to_list() == ["W1", "W3"]
    assert cleaned.reconciliation.rejected == {rule: 1}


def test_several_bad_cells_of_a_line_are_several_rejects_and_one_line(tmp_path: Path) -> None:
    cleaned = take_orders(tmp_path, order(1, status="?", visits="?"))
    assert len(cleaned.rejects) == 2
    assert cleaned.reconciliation.rejected_lines == cleaned.reconciliation.lines == 1


@pytest.mark.parametrize("marker", ["", " ", "--", "-", "/", "无", "暂无", "NULL", "N/A", "　"])
def test_missing_markers_become_na(tmp_path: Path, marker: str) -> None:
    cleaned = take_orders(tmp_path, order(done=marker, visits=marker))
    assert cleaned.rows[["completed_at", "visit_count"]].isna().all(axis=None)


def test_personal_numbers_in_rejected_cells_are_masked(tmp_path: Path) -> None:
    cleaned = take_orders(tmp_path, order(room="3栋张三13912345678"))
    assert reject_of(cleaned, 2) == [("household", "unreadable", "3栋张三****")]


def test_an_identical_line_counts_once(tmp_path: Path) -> None:
    cleaned = take_orders(tmp_path, LINE, LINE, order(2))
    assert reject_of(cleaned, 3) == [("", "duplicate", "W1")]
    assert len(cleaned.rows) == 2


@pytest.mark.parametrize(
    ("name", "source", "context_day", "refused"),
    [
        ("工单_2025-09-30.csv", {}, None, True),
        ("工单20250930.csv", {}, None, True),
        ("工单2025年9月30日.csv", {}, None, True),
        ("工单_20250901-20250930.csv", {}, None, False),
        ("工单_202509.csv", {}, None, False),
        ("工单.csv", {"exported_on": "2025-09-30"}, None, True),
        ("工单.csv", {}, date(2025, 9, 30), True),
        ("工单.csv", {}, None, False),
        ("工单_2025-10-05.csv", {}, date(2025, 9, 30), False),
    ],
)
def test_an_event_after_the_export_is_refused(
    tmp_path: Path, name: str, source: dict[str, str], context_day: date | None, refused: bool
) -> None:
    path = orders_csv(tmp_path, order(1, done="2025-10-01 23:59"), order(2, done="2025-10-02 00:00"), name=name)
    context = Context(YINHE.communities, key=b"k", exported_on=context_day)
    cleaned = take(path, ORDERS.model_copy(update=source), context)
    assert cleaned.reconciliation.rejected == ({"future": 1} if refused else {})


def test_a_due_time_may_lie_in_the_future(tmp_path: Path) -> None:
    text = "工单编号,报修时间,要求完成时间,预约时间\nW1,2025-09-03,2059-01-01,2025-12-01\n"
    cleaned = take(text_file(tmp_path, text, "a_2025-09-30.csv"), Source(table="work_order", files="*"), YINHE)
    assert len(cleaned.rows) == 1


def test_the_minute_that_is_the_month_is_void(tmp_path: Path) -> None:
    lines = [order(n, at=f"2025-{9 + n % 2:02}-{n % 28 + 1:02} 08:{9 + n % 2:02}:17") for n in range(24)]
    cleaned = take_orders(tmp_path, *lines)
    assert cleaned.reconciliation.warnings == ["minute_is_month: reported_at"]
    assert (cleaned.rows["reported_at"] == cleaned.rows["reported_at"].dt.floor("h")).all()
    few = take_orders(tmp_path, *lines[:19])
    assert few.reconciliation.warnings == []
    one_month = take_orders(tmp_path, *(line for line in lines * 2 if "2025-09" in line), order(99))
    assert one_month.reconciliation.warnings == []


def test_a_column_of_days_where_instants_are_due_is_a_warning(tmp_path: Path) -> None:
    assert take_orders(tmp_path, order(at="2025-09-03")).reconciliation.warnings == ["no_time_of_day: reported_at"]


FEES = Source(table="fee_payment", files="*")


def test_totals_are_excluded_and_used_as_checks(tmp_path: Path) -> None:
    text = (
        "订单号,房号,缴费时间,实收金额,滞纳金\n"
        "P1,1-1-101,2025-09-01,100.10,0\nP2,1-1-102,2025-09-01,￥200.20,1\n小计,,,300.30,1\n"
        "P3,1-1-103,2025-09-02,1.2万,\nP4,坏,2025-09-02,5,\n小 计：,,,12005,\n"
        "合计,,,12305.30,2\n合计（大写）,,,壹万贰仟叁佰零伍元叁角,\n"
    )
    cleaned = take(text_file(tmp_path, text), FEES, YINHE)
    assert cleaned.reconciliation.rejected == {"unreadable": 1, "total_row": 4}
    assert cleaned.rows["amount_fen"].to_list() == [10010, 20020, 1200000]
    found = [(c.line, c.column, c.printed, c.recomputed, c.equal) for c in cleaned.reconciliation.checks]
    assert found == [
        (4, "amount_fen", 30030, 30030, True),
        (7, "amount_fen", 1200500, 1200500, True),
        (8, "amount_fen", 1230530, 1230530, True),
        (4, "penalty_fen", 100, 100, True),
        (8, "penalty_fen", 200, 100, False),
    ]


def test_a_record_that_only_mentions_a_total_stays(tmp_path: Path) -> None:
    text = "订单号,支付方式,缴费时间,实收金额\nP1,合计,2025-09-01,1\n"
    assert len(take(text_file(tmp_path, text), FEES, YINHE).rows) == 1


def test_codes_come_before_choices_and_missing_markers(tmp_path: Path) -> None:
    codes = {
        "status": {
            "1900": "done",
            "已拒绝": "cancelled",
            "已拒单": "cancelled",
            "无": "waiting",
            "作废": "",
            "旧": "done",
        }
    }
    source = ORDERS.model_copy(update={"values": codes})
    lines = [
        order(n, status=cell) for n, cell in enumerate(["１９００", "已拒绝", "已拒单", "无", "作废", "done", "2001"])
    ]
    cleaned = take_orders(tmp_path, *lines, source=source)
    assert cleaned.rows["status"].fillna("NA").to_list() == ["done", "cancelled", "cancelled", "waiting", "NA", "done"]
    assert cleaned.reconciliation.unmapped_values == {"status": {"2001": 1}}
    assert cleaned.reconciliation.unused_mappings == {"status": ["旧"]}


def test_none_is_a_value_in_a_flag(tmp_path: Path) -> None:
    text = "工单编号,报修时间,计划多次上门\nW1,2025-09-03,无\nW2,2025-09-03,有\nW3,2025-09-03,--\n"
    rows = take(text_file(tmp_path, text), Source(table="work_order", files="*"), YINHE).rows
    assert rows["planned_multi_visit"].to_list() == [False, True, pd.NA]


def test_a_register_settles_codes_with_a_part_missing(tmp_path: Path) -> None:
    units = frozenset(pseudonym(b"secret", f"yinhe|{room}") for room in ("2-9-8", "3-2-501", "4-1-501", "4-2-501"))
    context = Context(YINHE.communities, key=b"secret", known_units={"yinhe": units})
    path = orders_csv(tmp_path, order(1, room="2栋9-8"), order(2, room="3栋501"), order(3, room="4栋501"))
    cleaned = take(path, ORDERS, context)
    assert cleaned.rows["order_id"].to_list() == ["W1", "W2"]
    assert set(cleaned.rows["household"]) <= units
    assert reject_of(cleaned, 4) == [("household", "ambiguous_place", "4栋501")]


def test_rooms_in_three_or_two_columns_are_joined(tmp_path: Path) -> None:
    text = "楼号,单元,房间\n3号楼,2单元,1201室\n3,2,1202\n"
    three = take(text_file(tmp_path, text), Source(table="household", files="*", preset="java110"), YINHE).rows
    assert three["household"].to_list() == [pseudonym(b"secret", f"yinhe|3-2-{room}") for room in (1201, 1202)]
    source = Source(table="household", files="*", columns={"household": "楼号+房间"})
    two = take(text_file(tmp_path, text), source, YINHE).rows
    assert two["household"][0] == pseudonym(b"secret", "yinhe|3-0-1201")


def test_a_community_may_come_from_a_column_by_name_alias_or_id(tmp_path: Path) -> None:
    text = f"小区,{HEADER}\n银河小区,{order(1)}\n ＹＩＮＨＥ ,{order(2)}\n月湾,{order(3)}\n,{order(4)}\n"
    cleaned = take(text_file(tmp_path, text), ORDERS, YINHE)
    assert cleaned.rows["community"].to_list() == ["yinhe", "yinhe"]
    assert reject_of(cleaned, 4) == [("community", "unknown_community", "月湾")]
    assert reject_of(cleaned, 5) == [("community", "required", "")]
    assert cleaned.reconciliation.communities == {"yinhe": ["YINHE", "银河小区"]}


def test_unknown_communities_are_discovered_on_request(tmp_path: Path) -> None:
    text = f"neighborhood,{HEADER}\nSouth  End,{order(1)}\n月湾,{order(2)}\n ,{order(3)}\n"
    source = ORDERS.model_copy(update={"community": "neighborhood", "values": {"community": {"": "unknown"}}})
    cleaned = take(text_file(tmp_path, text), source, Context(discover=True, key=b"k"))
    assert cleaned.rows["community"].to_list() == ["south-end", community_id("月湾"), "unknown"]
    assert cleaned.reconciliation.communities["south-end"] == ["South End"]


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.text(min_size=1, max_size=80).filter(str.strip))
def test_a_community_id_is_short_ascii_and_stable(name: str) -> None:
    found = community_id(name)
    assert found == community_id(f" {name.upper().lower()} ") or not name.isascii()
    assert found.isascii()
    assert 1 <= len(found) <= 40
    assert set(found) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")


def test_a_file_of_no_known_community_is_refused(tmp_path: Path) -> None:
    two = Context({"a": "a", "b": "b"})
    with pytest.raises(Refusal, match="no_community"):
        clean(read_file(orders_csv(tmp_path, LINE), ORDERS), ORDERS, two)


def test_a_community_constant_is_found_by_name_in_any_form(tmp_path: Path) -> None:
    known = Context({"银河 City": "yinhe", "b": "b"})
    source = ORDERS.model_copy(update={"community": "银河　ＣＩＴＹ"})
    cleaned = take(orders_csv(tmp_path, LINE), source, known)
    assert cleaned.rows["community"].to_list() == ["yinhe"]


def test_a_misspelt_community_header_makes_no_community(tmp_path: Path) -> None:
    source = ORDERS.model_copy(update={"community": "neighbourhood"})
    path = text_file(tmp_path, f"neighborhood,{HEADER}\nSouth End,{order(1)}\n")
    with pytest.raises(Refusal, match="no_community") as caught:
        clean(read_file(path, source), source, Context(discover=True, key=b"k"))
    assert "did you mean 'neighborhood'?" in caught.value.render("en")


def test_dropped_headers_are_named_and_personal_ones_marked(tmp_path: Path) -> None:
    text = f"{HEADER},报修人,联系方式,来自IP,备注\n{LINE},张三,13912345678,10.0.0.1,\n"
    account = take(text_file(tmp_path, text), ORDERS, YINHE).reconciliation
    assert account.dropped_headers == ["报修人", "联系方式", "来自IP", "备注"]
    assert account.personal_headers == ["报修人", "联系方式", "来自IP"]


def test_the_account_turns_into_plain_json(tmp_path: Path) -> None:
    account = take_orders(tmp_path, LINE, order(2, status="?"), "合计,,,,,1").reconciliation
    assert json.loads(json.dumps(account.to_json()))["checks"][0]["equal"] is True
    assert len(account.sha256) == 64


def test_a_wide_questionnaire_gives_a_row_for_each_item(tmp_path: Path) -> None:
    cleaned = take_survey(tmp_path, "1,2025/09/03 12:00:00,153秒,1.2.3.4,非常满意,1,业主自住,1")
    rows = cleaned.rows
    assert rows["item"].to_list() == ["cleaning", "repair"]
    assert rows["score"].to_list() == [5, 10]
    assert rows[["scale_low", "scale_high", "satisfied_from"]].values.tolist() == [[1, 5, 4], [1, 10, 8]]
    assert rows["seconds_used"].to_list() == [153, 153]
    assert rows["owner_type"].to_list() == ["owner", "owner"]
    assert rows["age"].to_list() == ["young", "young"]
    assert "来自IP" in cleaned.reconciliation.personal_headers


def test_unanswered_items_are_rows_without_a_score(tmp_path: Path) -> None:
    lines = ["1,2025/09/03 12:00:00,,,(跳过),-3,,9", "2,2025/09/03 12:00:00,,,不了解,,,"]
    cleaned = take_survey(tmp_path, *lines)
    assert cleaned.rows["score"].isna().to_list() == [True] * 4
    assert (cleaned.reconciliation.kept, cleaned.reconciliation.rows) == (2, 4)


def test_a_bad_answer_refuses_the_whole_questionnaire(tmp_path: Path) -> None:
    cleaned = take_survey(tmp_path, "1,2025/09/03 12:00:00,,,6,1,,1", "2,2025/09/03 12:00:00,,,5,1,,3")
    assert reject_of(cleaned, 2) == [("cleaning", "out_of_range", "6")]
    assert reject_of(cleaned, 3) == [("age", "not_a_choice", "3")]
    assert cleaned.rows.empty


def test_a_long_questionnaire_takes_the_scale_of_its_source(tmp_path: Path) -> None:
    text = "答卷编号,问卷批次,问卷题目,答案,提交时间\n1,w1,保洁,1-非常满意,2025-09-03 12:00\n"
    source = Source(table="survey_response", files="*", scale={"reverse": True})
    (row,) = take(text_file(tmp_path, text), source, YINHE).rows.to_dict("records")
    assert (row["score"], row["scale_low"], row["scale_high"], row["satisfied_from"]) == (5, 1, 5, 4)


CELL = st.sampled_from(
    ["", "--", "W1", "W2", "3-2-501", "2栋9-8", "办理完成", "?", "2025-09-03 08:05", "2025-09-02", "2", "合计", "x"]
)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.lists(st.lists(CELL, min_size=6, max_size=6), max_size=12))
def test_no_line_is_lost(tmp_path_factory: pytest.TempPathFactory, lines: list[list[str]]) -> None:
    path = orders_csv(tmp_path_factory.mktemp("raw"), *(",".join(line) for line in lines))
    cleaned = take(path, ORDERS, YINHE)
    account = cleaned.reconciliation
    held = {at + 2 for at, line in enumerate(lines) if any(cell for cell in line)}
    assert set(cleaned.rows["line"]) | set(cleaned.rejects["line"]) == held
    assert set(cleaned.rows["line"]).isdisjoint(cleaned.rejects["line"])
    assert account.lines == account.kept + account.rejected_lines == len(held)
    assert set(cleaned.rejects["rule"]) <= set(RULES)


def test_mixed_text_and_true_datetimes_are_all_read(tmp_path: Path) -> None:
    rows = [
        ["工单编号", "报修时间"],
        ["W1", "2025/9/3 8:05"],
        ["W2", pd.Timestamp("2025-09-03 08:05").to_pydatetime()],
        ["W3", 45903.5],
    ]
    cleaned = take(workbook(tmp_path, rows), Source(table="work_order", files="*"), YINHE)
    assert cleaned.rows["reported_at"].dt.day.to_list() == [3, 3, 3]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("报修_2024-12", None),
        ("报修2024年12月", None),
        ("工单_2025Q3_20251008", "2025-10-08"),
        ("202412_导出20250101", "2025-01-01"),
        ("2025年9月3日导出", "2025-09-03"),
        ("a_2025.1.8", "2025-01-08"),
        ("2024-09-01_2024-09-30", None),
        ("20251301", None),
    ],
)
def test_date_in_name_is_a_whole_date_and_never_a_month(name: str, expected: str | None) -> None:
    found = rules.date_in_name(name)

    assert (found and found.isoformat()) == expected
