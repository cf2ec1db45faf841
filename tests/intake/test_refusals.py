"""Files that are refused as a whole: the reason, the place, and that the batch goes on."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import msoffcrypto
import pytest
import xlsxwriter
from msoffcrypto.format.ooxml import OOXMLFile

from propkit.intake import Limits, Refusal, Source, read_file, sandbox, take
from tests.intake.files import HEADER, LINE, ORDERS, YINHE, orders_csv, rewritten, text_file, workbook

ROWS = [HEADER.split(","), LINE.split(",")]
SHEET = "xl/worksheets/sheet1.xml"


def refusal(path: Path, source: Source = ORDERS, limits: Limits | None = None) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_file(path, source, limits)
    assert str(caught.value).startswith(path.name)
    assert f"({caught.value.code})" in str(caught.value)
    return caught.value


def binary(folder: Path, content: bytes, name: str = "orders.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("content", [b"", b"\r\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_is_refused(tmp_path: Path, content: bytes) -> None:
    assert refusal(binary(tmp_path, content)).code == "empty"


def test_a_file_that_cannot_be_opened_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.csv").code == "no_access"


def test_a_cut_csv_is_refused_or_warned_of(tmp_path: Path) -> None:
    content = orders_csv(tmp_path, LINE, 'W2,3-2-501,"处理中",2025-09-03,,1', LINE.replace("W1", "W3")).read_bytes()
    header = content.index(b"\n") + 1
    for end in range(header, len(content)):
        path = binary(tmp_path, content[:end], "cut.csv")
        cleaned = take(path, ORDERS, YINHE)
        is_whole = content[:end].endswith(b"\n")
        assert is_whole or cleaned.reconciliation.refused or "no_final_newline" in cleaned.reconciliation.warnings


def test_a_lock_file_is_refused(tmp_path: Path) -> None:
    assert refusal(binary(tmp_path, b"\x05user", "~$orders.xlsx")).code == "locked"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<html><table><tr><td>1</td></tr></table>", "html"),
        (b"\xef\xbb\xbf\n<TABLE>", "html"),
        (b'<?xml version="1.0"?><Workbook/>', "html"),
        (b"%PDF-1.7", "wrong_kind"),
        (b"\x1f\x8b\x08\x00", "wrong_kind"),
    ],
)
def test_another_kind_of_file_is_refused_whatever_its_name(tmp_path: Path, content: bytes, code: str) -> None:
    assert refusal(binary(tmp_path, content, "orders.xls")).code == code


def test_a_zip_that_is_no_workbook_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert refusal(binary(tmp_path, packed.getvalue(), "orders.xlsx")).code == "wrong_kind"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "big5"])
def test_an_encoding_that_would_garble_is_refused(tmp_path: Path, encoding: str) -> None:
    lines = [f"W{n},3-2-501,辦理完成,2025-09-03,,客廳漏水維修" for n in range(9)]
    header = (
        HEADER.replace("单", "單")
        .replace("号", "號")
        .replace("状态", "狀態")
        .replace("报", "報")
        .replace("时间", "時間")
    )
    header = header.replace("门", "門").replace("编", "編").replace("数", "數")
    path = text_file(tmp_path, "\n".join([header, *lines]), encoding=encoding)
    assert refusal(path).code == "encoding"


def test_utf8_with_a_damaged_byte_is_refused_with_its_place(tmp_path: Path) -> None:
    content = f"{HEADER}\n{LINE}\n".encode()
    at = content.index("办理".encode()) + 1
    found = refusal(binary(tmp_path, content[:at] + b"\xff" + content[at + 1 :]))
    assert found.code == "encoding"
    assert "@ byte" in found.got


def test_utf8_cut_inside_a_character_is_refused(tmp_path: Path) -> None:
    content = f"{HEADER}\n{LINE}\nW2,3栋".encode()
    assert refusal(binary(tmp_path, content[:-1])).code == "encoding"


def test_a_declared_encoding_is_kept_to(tmp_path: Path) -> None:
    path = orders_csv(tmp_path, LINE, encoding="gb18030")
    assert refusal(path, ORDERS.model_copy(update={"encoding": "utf-8"})).code == "encoding"


def test_a_nul_byte_is_refused_with_its_line(tmp_path: Path) -> None:
    found = refusal(orders_csv(tmp_path, LINE, LINE.replace("W1", "W\0")))
    assert (found.code, found.line) == ("nul_bytes", 3)


@pytest.mark.parametrize(
    ("lines", "code", "line"),
    [
        ((LINE, 'W2,3-2-501,"处理中,2025-09-03,,1'), "unfinished", 3),
        (('W1,"3-2"-501,处理中,2025-09-03,,1', LINE), "quotes", 2),
        ((LINE, "W2,3-2-501,处理中"), "unfinished", 3),
        (("W2,3-2-501,处理中", LINE), "width", 2),
        ((LINE, "W2,3-2-501,处理中,2025-09-03,,1,多"), "width", 3),
        ((LINE, 'W2,"3-2-501', LINE, 'W3",3-2-501,处理中,2025-09-03,,1', LINE), "width", 3),
    ],
)
def test_a_record_that_does_not_fit_is_refused_with_its_line(
    tmp_path: Path, lines: tuple[str, ...], code: str, line: int
) -> None:
    found = refusal(orders_csv(tmp_path, *lines))
    assert (found.code, found.line) == (code, line)
    assert f"orders.csv:{line}" in found.render("zh")


def test_missing_headers_are_all_named_with_the_nearest_one(tmp_path: Path) -> None:
    text = f"{HEADER}\n{LINE}\n".replace("工单编号", "工单编码").replace("报修时间", "报修日期")
    found = refusal(text_file(tmp_path, text))
    assert found.code == "missing_headers"
    assert "order_id (工单编号; did you mean '工单编码'?)" in str(found)
    assert "reported_at（报修时间，是不是「报修日期」？）" in found.render("zh")


def test_a_truncated_workbook_is_refused_wherever_it_is_cut(tmp_path: Path) -> None:
    content = workbook(tmp_path, ROWS).read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        cut = binary(tmp_path, content[: int(len(content) * share)], "cut.xlsx")
        assert refusal(cut).code == "unfinished"


def test_an_encrypted_workbook_is_refused(tmp_path: Path) -> None:
    with workbook(tmp_path, ROWS).open("rb") as plain, (tmp_path / "locked.xlsx").open("wb") as target:
        OOXMLFile(plain).encrypt("secret", target)
    with (tmp_path / "locked.xlsx").open("rb") as file:
        assert msoffcrypto.OfficeFile(file).is_encrypted()
    assert refusal(tmp_path / "locked.xlsx").code == "encrypted"


def test_a_cell_at_the_far_corner_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    path = tmp_path / "far.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write(0, 0, "x")
        sheet.write("XFD1048576", "x")
    assert path.stat().st_size < 8_000
    found = refusal(path)
    assert (found.code, found.got) == ("far_cell", "1048576 x 16384")


def test_a_far_cell_that_hides_from_the_scan_ends_only_its_own_process(tmp_path: Path) -> None:
    path = workbook(tmp_path, ROWS)
    rewritten(path, SHEET, lambda xml: xml.replace(b'r="F2"', b'r="&#88;FD1048576"'))
    assert refusal(path).code in ("crashed", "broken", "no_memory", "far_cell", "missing_headers", "too_slow")


@pytest.mark.parametrize("filling", [b" " * 50_000_000, b"<row/>" * 5_000_000])
def test_a_zip_bomb_is_refused_by_its_ratio(tmp_path: Path, filling: bytes) -> None:
    path = rewritten(workbook(tmp_path, ROWS), SHEET, lambda xml: xml.replace(b"<sheetData>", b"<sheetData>" + filling))
    assert path.stat().st_size < 100_000
    assert refusal(path).code == "too_large"


def test_a_workbook_of_too_many_bytes_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path, ROWS)
    assert refusal(path, limits=Limits(declared=1_000)).code == "too_large"
    assert refusal(path, limits=Limits(size=1_000)).code == "too_large"


def test_a_doctype_is_refused(tmp_path: Path) -> None:
    head = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>\n<worksheet '
    path = rewritten(workbook(tmp_path, ROWS), SHEET, lambda xml: xml.replace(b"<worksheet ", head))
    assert refusal(path).code == "doctype"


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = rewritten(workbook(tmp_path, ROWS), "xl/workbook.xml", lambda xml: xml[: len(xml) // 2])
    assert refusal(path).code == "broken"


def test_a_damaged_xls_is_refused(tmp_path: Path) -> None:
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook".encode("utf-16-le") * 200
    assert refusal(binary(tmp_path, content, "orders.xls")).code in ("broken", "crashed")


def test_a_reader_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    assert refusal(workbook(tmp_path, ROWS), limits=Limits(wall=0)).code == "too_slow"


def test_a_reader_without_memory_is_a_refusal_of_that_file(tmp_path: Path) -> None:
    rows = [HEADER.split(","), *([f"W{n}", "3-2-501"] for n in range(60_000))]
    found = refusal(workbook(tmp_path, rows), limits=Limits(memory=36 * sandbox.MIB))
    assert found.code in ("no_memory", "crashed", "broken")


@pytest.mark.parametrize("make", [orders_csv, workbook], ids=["csv", "xlsx"])
def test_take_accounts_for_a_refused_file_and_for_a_good_one(tmp_path: Path, make: Callable[..., Path]) -> None:
    bad = take(binary(tmp_path, b"<html>", "bad.xls"), ORDERS, YINHE)
    assert bad.rows.empty
    assert bad.reconciliation.refused["code"] == "html"
    assert "网页" in bad.reconciliation.refused["zh"]
    good = take(make(tmp_path, *([LINE] if make is orders_csv else [ROWS])), ORDERS, YINHE)
    assert good.reconciliation.refused is None
    assert list(good.rows.dtypes) == list(bad.rows.dtypes)
    assert len(good.rows) == 1


def test_a_file_that_grows_while_it_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "orders.csv"
    path.write_text("工单编号,报修时间\nA1,2025-09-01 08:00\nA2,2025-09-0", "utf-8")

    def written(_: float) -> None:
        with path.open("a", encoding="utf-8") as file:
            file.write("2 09:00\n")

    monkeypatch.setattr("propkit.intake.read.time.sleep", written)
    with pytest.raises(Refusal, match="unfinished"):
        read_file(path, Source(table="work_order", files=["*"]))
