"""Money, numbers, scores, flags, choices and free text."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from propkit.domains import TABLES
from propkit.intake import values
from propkit.intake.cells import Fault
from propkit.intake.columns import Codebook, parse_column, settler
from propkit.intake.communities import Context
from propkit.intake.personal import is_personal, mask, pseudonym
from propkit.intake.sources import Scale, Source
from propkit.model import Column
from propkit.text import Text

LAW = settings(derandomize=True, deadline=None, max_examples=50)
LABEL = Text("列", "column")
MONEY, WHOLE, SCORE = Column("money", label=LABEL), Column("whole", label=LABEL), Column("score", label=LABEL)


@LAW
@given(st.integers(-(10**13), 10**13))
def test_money_comes_back_to_the_fen(fen: int) -> None:
    parse = values.money_parser("yuan", MONEY)
    yuan = Decimal(fen) / 100
    assert parse(str(yuan)) == parse(f"{yuan:,.2f}") == parse(f"￥{yuan:.2f}元") == fen
    assert values.money_parser("fen", MONEY)(str(fen)) == fen


ID = Column("id", label=LABEL)
CODES = {"order_id": {"W2": "W9", "无号": ""}}


@LAW
@given(
    st.lists(st.one_of(
        st.none(),
        st.sampled_from(["W1", "w2", "W2", " W1", "W1\n", "W\u200b1", "无号", "na", "NA", "-", "_", "1.02E+17", "1E5", "Ｗ１", ""]),
        st.text("Wa1-_ .\nＷ", max_size=4),
    )),
    st.sampled_from([[], ["W1"], ["w1", "NA"]]),
)  # fmt: skip
def test_ids_read_at_once_are_those_read_one_by_one(cells: list[str | None], missing: list[str]) -> None:
    source = Source(table="work_order", files=["x"], preset="plain", values=CODES, missing=missing)
    alone, together = Codebook.of(source, "order_id"), Codebook.of(source, "order_id")
    column = pd.Series(cells, dtype="str", index=range(5, 5 + len(cells)))

    found = parse_column(column, "order_id", ID, source, Context(), together)

    settle = settler(source, alone, "id")
    texts = [None if cell is None else settle(cell) for cell in cells]
    read = [None if text is None else values.parse_id(text) for text in texts]
    wanted = pd.Series([None if isinstance(id_, Fault) else id_ for id_ in read], dtype="str", index=column.index)
    pd.testing.assert_series_equal(found.values, wanted)
    assert found.faults.to_list() == [str(id_) if isinstance(id_, Fault) else "" for id_ in read]
    assert together.used == alone.used


@pytest.mark.parametrize(
    ("cell", "fen"),
    [("￥1,234.50", 123450), ("1.2万", 1200000), ("1.2345万元", 1234500), ("１２．５", 1250), ("-3", -300), ("0", 0),
     ("¥ 12", 1200), ("12元", 1200)],
)  # fmt: skip
def test_money_is_read_with_its_unit(cell: str, fen: int) -> None:
    assert values.money_parser("yuan", MONEY)(cell) == fen


@pytest.mark.parametrize("cell", ["1.234", "12,34", "1e5", "87.5%", "壹仟元", "1 2", "", "1.2345678万", "--5"])
def test_money_that_is_not_exact_is_refused(cell: str) -> None:
    assert values.money_parser("yuan", MONEY)(cell) == "unreadable"


def test_money_outside_its_bounds_is_refused() -> None:
    assert values.money_parser("yuan", Column("money", label=LABEL, low=0))("-0.01") == "out_of_range"


@pytest.mark.parametrize(
    ("name", "cell", "number"),
    [
        ("visit_count", "１２", 12), ("visit_count", "1.0", 1), ("visit_count", "3次", 3), ("visit_count", "95分", 95),
        ("minutes", "15分钟", 15), ("minutes", "1小时5分", 65), ("minutes", "15", 15),
        ("seconds_used", "153秒", 153), ("seconds_used", "2分33秒", 153), ("seconds_used", "0:02:33", 153),
        ("seconds_used", "153", 153),
    ],
)  # fmt: skip
def test_whole_numbers_are_read_with_their_unit(name: str, cell: str, number: int) -> None:
    assert values.whole_parser(name, WHOLE)(cell) == number


@pytest.mark.parametrize(
    ("name", "cell"), [("visit_count", "1.5"), ("minutes", "15秒"), ("seconds_used", "2:33"), ("n", "约3")]
)
def test_other_numbers_are_refused(name: str, cell: str) -> None:
    assert values.whole_parser(name, WHOLE)(cell) == "unreadable"


@pytest.mark.parametrize(
    ("scale", "cell", "expected"),
    [
        (Scale(), "5", 5), (Scale(), "5.0", 5), (Scale(), "非常满意", 5), (Scale(), "Very Satisfied", 5),
        (Scale(), "５分", 5),
        (Scale(), "6", "out_of_range"), (Scale(), "0", "out_of_range"), (Scale(), "4.5", "unreadable"),
        (Scale(), "好", "unreadable"), (Scale(), "不了解", None), (Scale(), "-2", None), (Scale(), "(跳过)", None),
        (Scale(), "9", "out_of_range"), (Scale(dont_know=["9"]), "9", None),
        (Scale(reverse=True), "1", 5), (Scale(reverse=True), "1-非常满意", 5), (Scale(reverse=True), "5-非常不满意", 1),
        (Scale(reverse=True), "非常满意", 5), (Scale(), "1-非常满意", "unreadable"), (Scale(), "5-非常满意", 5),
        (Scale(low=0, high=100), "95分", 95), (Scale(low=0, high=100), "非常满意", "unreadable"),
        (Scale(low=1, high=10), "10", 10), (Scale(words={"好评": 5, "差评": 1}), "差评", 1),
        (Scale(low=-5, high=5, words={"差": -3}), "差", -3), (Scale(low=-5, high=5), "-2", -2),
    ],
)  # fmt: skip
def test_a_score_lies_on_its_declared_scale(scale: Scale, cell: str, expected: object) -> None:
    assert values.score_parser(scale, SCORE)(cell) == expected


@pytest.mark.parametrize(
    ("cell", "flag"),
    [("是", True), ("否", False), ("有", True), ("无", False), ("1", True), ("0", False), ("TRUE", True), ("n", False)],
)
def test_flags_are_read_in_both_languages(cell: str, flag: bool) -> None:
    assert values.parse_flag(cell) is flag


def test_an_unknown_flag_is_not_a_choice() -> None:
    assert values.parse_flag("也许") == "not_a_choice"


@pytest.mark.parametrize(
    ("cell", "choice"), [("done", "done"), ("办理完成", "done"), (" ＤＯＮＥ ", "done"), ("已拒单", "not_a_choice")]
)
def test_a_choice_is_found_by_id_or_label(cell: str, choice: str) -> None:
    assert values.choice_parser(TABLES["work_order"].columns["status"])(cell) == choice


def test_an_id_keeps_its_digits_and_loses_its_width() -> None:
    assert values.parse_id("０１３９") == "0139"
    assert values.parse_id("440301199001011234567") == "440301199001011234567"
    assert isinstance(values.parse_id("1.02E+17"), Fault)


def test_a_personal_id_is_stored_as_a_pseudonym() -> None:
    column = Column("id", label=LABEL, personal=True)
    cells = pd.Series(["粤B12345", "", "粤B12345"], dtype="str")
    source = Source(table="work_order", files="*")
    found = parse_column(cells, "plate", column, source, Context(key=b"k"), Codebook.of(source, "plate")).values
    assert found[0] == found[2] == pseudonym(b"k", "plate|粤B12345")
    assert pd.isna(found[1])


def test_free_text_keeps_its_width_and_loses_telephone_numbers() -> None:
    text = " １号楼漏水，电话13912345678或 139-1234-5678，身份证44030119900101123X\t"
    assert values.parse_text(text) == "１号楼漏水，电话****或 ****，身份证****"


@pytest.mark.parametrize(
    "phone", ["１３９１２３４５６７８", "+8613912345678", "86 139-1234-5678", "＋８６１３９１２３４５６７８"]
)
def test_a_telephone_number_is_found_in_any_width_and_with_its_country(phone: str) -> None:
    assert mask(f"㎡ 电话{phone}，１号楼") == "㎡ 电话****，１号楼"


def test_invisible_marks_do_not_tell_cells_apart() -> None:
    assert values.parse_id("\ufeffW\u200b1\u2060") == "W1"


@pytest.mark.parametrize("text", ["工单 101000295613", "102025090308051234", "面积 12345678901"])
def test_other_long_numbers_stay(text: str) -> None:
    assert mask(text) == text


@pytest.mark.parametrize(
    "header", ["姓名", "业主", "联系电话", "手机号", "身份证号", "车牌号", "来自IP", "业主电话", "报修人", "Phone"]
)
def test_personal_headers_are_known(header: str) -> None:
    assert is_personal(header)


@pytest.mark.parametrize("header", ["房号", "业主类型", "设备名称", "工单编号", "描述", "description", "渠道"])
def test_other_headers_are_not_personal(header: str) -> None:
    assert not is_personal(header)
