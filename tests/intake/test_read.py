"""Files to text cells: kinds, encodings, delimiters, headers, side notes."""

from __future__ import annotations

from datetime import date, datetime, time
from pathlib import Path

import pytest
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.intake import Refusal, Source, read_file, take
from propkit.intake.charsets import decode
from tests.intake.files import HEADER, LINE, ORDERS, YINHE, fill_sheet, orders_csv, text_file, workbook

ROWS = [HEADER.split(","), ["W1", "3-2-501", "办理完成", datetime(2025, 9, 3, 8, 5), "2025/9/3 10:05", 1.0]]
CELLS = ["W1", "3-2-501", "办理完成", "2025-09-03 08:05:00", "2025/9/3 10:05", "1"]


@pytest.mark.parametrize(
    ("encoding", "found"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("gb2312", "gb18030")],
)
def test_an_encoding_is_proven_and_recorded(tmp_path: Path, encoding: str, found: str) -> None:
    raw = read_file(orders_csv(tmp_path, LINE, encoding=encoding), ORDERS)
    assert raw.encoding == found
    assert list(raw.cells.columns) == HEADER.split(",")
    assert raw.cells.loc[2].to_list() == LINE.split(",")


@settings(derandomize=True, deadline=None, max_examples=50)
@given(st.text("房号报修时间状态办理完成客厅漏水银河小区物业电梯故障abc123，。：（）", min_size=30, max_size=200))
def test_gb18030_text_is_decoded_exactly(text: str) -> None:
    assert decode(text.encode("gb18030"), "f.csv")[0] == text
    assert decode(text.encode("utf-8"), "f.csv")[0] == text


@pytest.mark.parametrize("mark", [",", "\t", ";", "|", "，"])
def test_a_delimiter_is_found_by_the_headers(tmp_path: Path, mark: str) -> None:
    text = f"{HEADER}\n{LINE}\n".replace(",", mark)
    assert read_file(text_file(tmp_path, text), ORDERS).cells.loc[2].to_list() == LINE.split(",")


def test_line_numbers_are_those_of_the_file(tmp_path: Path) -> None:
    lines = ['W1,3-2-501,"两\n行",2025-09-03,,', "", LINE.replace("W1", "W2")]
    raw = read_file(orders_csv(tmp_path, *lines), ORDERS)
    assert raw.cells.index.to_list() == [2, 5]


def test_cells_stay_text(tmp_path: Path) -> None:
    raw = read_file(orders_csv(tmp_path, "013912345678,NA,null,440301199001011234,1.02E+17,007"), ORDERS)
    assert raw.cells.loc[2].to_list() == ["013912345678", "NA", "null", "440301199001011234", "1.02E+17", "007"]


def test_an_xlsx_gives_text_and_true_datetimes_in_one_form(tmp_path: Path) -> None:
    raw = read_file(workbook(tmp_path, ROWS), ORDERS)
    assert raw.cells.loc[2].to_list() == CELLS
    assert (raw.sheet, raw.header_line) == ("工单", 1)


def test_an_xls_is_read_like_an_xlsx(tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("工单")
    style = xlwt.easyxf(num_format_str="yyyy-mm-dd hh:mm:ss")
    for at, row in enumerate(ROWS):
        for column, value in enumerate(row):
            sheet.write(at, column, value, *([style] if isinstance(value, datetime) else []))
    book.save(tmp_path / "orders.csv")
    assert read_file(tmp_path / "orders.csv", ORDERS).cells.loc[2].to_list() == CELLS


def test_a_day_and_a_time_in_two_columns_are_one_instant(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["工单编号", "日期", "时刻"], ["W1", date(2025, 9, 3), time(8, 5)]], dates="yyyy-mm-dd")
    source = Source(table="work_order", files="*", columns={"order_id": "工单编号", "reported_at": "日期+时刻"})
    assert take(path, source, YINHE).rows["reported_at"][0] == datetime(2025, 9, 3, 8, 5)


def test_rare_names_are_no_garbage(tmp_path: Path) -> None:
    names = "龚鑫淼、翟彧、潘嵩、彭湃、臧珺"
    raw = read_file(orders_csv(tmp_path, LINE.replace("W1", names), encoding="gb18030"), ORDERS)
    assert raw.cells.iloc[0, 0] == names


def test_numbers_that_excel_rounded_do_not_look_like_ids(tmp_path: Path) -> None:
    path = workbook(tmp_path, [ROWS[0], [102024090312345678, 0.1 + 0.2, 123456789012345, True, "", 3.0]])
    assert read_file(path, ORDERS).cells.loc[2].to_list() == [
        "1.02024090312346e+17",
        "0.3",
        "123456789012345",
        "TRUE",
        "",
        "3",
    ]


def test_a_header_under_title_rows_is_found(tmp_path: Path) -> None:
    path = workbook(tmp_path, [["银河小区2025年9月报修工单"], ["导出人：张三"], [], *ROWS], merged={})
    raw = read_file(path, ORDERS)
    assert raw.header_line == 4
    assert raw.cells.index.to_list() == [5]


def test_a_title_merged_over_the_table_is_no_header(tmp_path: Path) -> None:
    path = workbook(tmp_path, [[], *ROWS], merged={"A1:F1": "报修工单"})
    assert list(read_file(path, ORDERS).cells.columns) == HEADER.split(",")


def test_a_header_of_two_rows_is_joined(tmp_path: Path) -> None:
    rows = [[], ["", "", "", "报修时间", "完成时间", ""], ROWS[1]]
    merged = {"A1:A2": "工单编号", "B1:B2": "房号", "C1:C2": "状态", "D1:E1": "时间", "F1:F2": "上门次数"}
    raw = read_file(workbook(tmp_path, rows, merged=merged), ORDERS)
    assert list(raw.cells.columns) == ["工单编号", "房号", "状态", "时间/报修时间", "时间/完成时间", "上门次数"]
    assert raw.cells.loc[3].to_list() == CELLS


def test_a_header_of_two_rows_is_joined_in_a_csv_too(tmp_path: Path) -> None:
    text = f"工单编号,房号,状态,时间,,上门次数\n,,,报修时间,完成时间,\n{LINE}\n"
    raw = read_file(text_file(tmp_path, text), ORDERS)
    assert list(raw.cells.columns)[3:5] == ["时间/报修时间", "时间/完成时间"]


def test_columns_under_one_merged_header_are_numbered(tmp_path: Path) -> None:
    source = Source(
        table="fee_bill",
        files="*",
        columns={
            "bill_id": "编号",
            "household": "房号",
            "period_start": "起",
            "period_end": "止",
            "amount_due_fen": "历史欠费+当期欠费=欠费#3",
        },
    )
    rows = [["编号", "房号", "起", "止"], ["B1", "3-2-501", "2025-09-01", "2025-09-30", 1, 2, 3]]
    raw = read_file(workbook(tmp_path, rows, merged={"E1:G1": "历史欠费+当期欠费=欠费"}), source)
    assert raw.cells["历史欠费+当期欠费=欠费#3"].to_list() == ["3"]


@pytest.mark.parametrize("header", ["房　号 ", "*房号", "房号*", "１、房号"])
def test_a_header_is_found_in_spite_of_width_marks_and_numbers(tmp_path: Path, header: str) -> None:
    text = f"{HEADER}\n{LINE}\n".replace("房号", header)
    raw = read_file(text_file(tmp_path, text), ORDERS)
    assert raw.cells.shape == (1, 6)


def test_the_line_of_the_header_may_be_declared(tmp_path: Path) -> None:
    text = f"{HEADER}\n{HEADER}\n{LINE}\n"
    source = ORDERS.model_copy(update={"header": 2})
    assert read_file(text_file(tmp_path, text), source).cells.index.to_list() == [3]


def test_side_notes_are_set_aside(tmp_path: Path) -> None:
    rows = [[*ROWS[0], "", "说明：房号按规范填写"], [*ROWS[1], "", "必填"], [], ["制表人：张三", "审核：李四"]]
    rows[0][7] = ""
    raw = read_file(workbook(tmp_path, rows), ORDERS)
    assert list(raw.cells.columns) == HEADER.split(",")
    assert raw.aside[["line", "value", "whole"]].values.tolist() == [
        [2, "必填", False],
        [4, "制表人：张三 审核：李四", True],
    ]


def test_a_sheet_is_chosen_by_its_headers_and_hidden_ones_are_left(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(path) as book:
        fill_sheet(book.add_worksheet("说明"), [["填写说明"]], {})
        fill_sheet(book.add_worksheet("工单"), [HEADER.split(","), LINE.split(",")], {})
        hidden = book.add_worksheet("旧")
        fill_sheet(hidden, [HEADER.split(","), LINE.split(",")], {})
        hidden.hide()
    raw = read_file(path, ORDERS)
    assert raw.sheet == "工单"
    assert raw.warnings == ("hidden_sheet: 旧", "unread_sheet: 说明")


def test_two_sheets_that_fit_need_a_name(tmp_path: Path) -> None:
    path = tmp_path / "orders.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name in ("8月", "9月"):
            fill_sheet(book.add_worksheet(name), [HEADER.split(","), LINE.replace("W1", name).split(",")], {})
    with pytest.raises(Refusal, match="several_sheets"):
        read_file(path, ORDERS)
    assert read_file(path, ORDERS.model_copy(update={"sheet": "9月"})).cells.iloc[0, 0] == "9月"
    with pytest.raises(Refusal, match="no_sheet"):
        read_file(path, ORDERS.model_copy(update={"sheet": "10月"}))


def test_a_trailing_comma_shifts_nothing(tmp_path: Path) -> None:
    raw = read_file(orders_csv(tmp_path, LINE + ",", LINE.replace("W1", "W2") + ","), ORDERS)
    assert raw.cells["工单编号"].to_list() == ["W1", "W2"]


def test_a_missing_last_newline_is_a_warning(tmp_path: Path) -> None:
    raw = read_file(text_file(tmp_path, f"{HEADER}\n{LINE}"), ORDERS)
    assert raw.warnings == ("no_final_newline",)
