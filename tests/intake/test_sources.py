"""The [[source]] format: presets filled in, every fault reported at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from propkit.domains import TABLES
from propkit.errors import Faults
from propkit.intake import Source, check, resolve, take
from propkit.intake.sources import PRESETS, presets
from tests.intake.files import YINHE, text_file


def test_every_section_of_every_preset_is_a_faultless_source() -> None:
    assert presets() == ["plain", "java110", "wjw", "wjx"]
    assert len(list(PRESETS.glob("*.toml"))) == 3
    for preset, table in [
        ("java110", name) for name in ("work_order", "order_event", "complaint", "fee_payment", "fee_bill", "household")
    ]:
        check(Source(table=table, files="*", preset=preset))
    for preset in ("wjx", "wjw"):
        check(Source(table="survey_response", files="*", preset=preset))


@pytest.mark.parametrize("table", TABLES)
def test_the_plain_preset_covers_every_table(table: str) -> None:
    source = Source(table=table, files="*", preset="plain")
    check(source)
    assert list(resolve(source).columns) == list(TABLES[table].columns)


def test_own_entries_win_over_the_preset_and_resolving_twice_is_resolving_once() -> None:
    own = {"status": {"1000": "cancelled", "3000": "done"}}
    source = Source(table="work_order", files="*", preset="java110", columns={"order_id": "单号"}, values=own)
    full = resolve(source)
    assert full.columns["order_id"] == ["单号"]
    assert full.columns["reported_at"] == ["提交时间", "报修时间", "创建时间"]
    assert (full.values["status"]["1000"], full.values["status"]["1100"], full.values["status"]["3000"]) == (
        "cancelled",
        "in_progress",
        "done",
    )
    assert resolve(full) == full
    assert full.own == source


def test_a_source_that_maps_something_takes_nothing_from_plain() -> None:
    assert list(resolve(Source(table="work_order", files="*", columns={"order_id": "id"})).columns) == ["order_id"]


def test_all_faults_of_a_source_are_reported_together() -> None:
    source = Source(
        table="work_order",
        files="*",
        columns={"order_nr": "单号", "category": "联系电话"},
        values={"status": {"x": "finished"}, "stauts": {}},
        constants={"urgency": "high"},
        items={"a": "b"},
        scale={"low": 5, "high": 1},
        segments={"building": ["楼栋"]},
        exported_on="yesterday",
        timezone="China",
    )
    with pytest.raises(Faults) as caught:
        check(source)
    text = caught.value.render("en")
    for expected in (
        "'order_nr' is not known", "did you mean 'order_id'?", "'联系电话' is personal data", "'finished' is not known",
        "did you mean 'status'?", "constants.urgency", "items", "the ends of a scale", "'building' is taken",
        "exported_on cannot be read", "timezone cannot be read", "[[source]] work_order: *",
    ):  # fmt: skip
        assert expected in text
    assert len(caught.value.faults) == 10


@pytest.mark.parametrize(
    ("field", "hint"),
    [
        ({"table": "work_orders"}, "did you mean 'work_order'?"),
        ({"preset": "java11"}, "did you mean 'java110'?"),
        ({"table": "feedback", "preset": "wjx"}, "survey_response"),
    ],
)
def test_unknown_tables_and_presets_name_the_nearest(field: dict[str, str], hint: str) -> None:
    with pytest.raises(Faults) as caught:
        check(Source(**{"table": "work_order", "files": "*", **field}))
    assert hint in caught.value.render("en")


def test_hc_exports_are_read_by_their_preset(tmp_path: Path) -> None:
    text = (
        "工单编码,位置,报修类型,维修类型,报修人,联系方式,预约时间,提交时间,状态\n"
        "102024090312345678,3号楼2单元1201室,水电,有偿,张三,13912345678,--,2025-09-03 08:05:00,1900\n"
        "102024090312345679,1-0-3,水电,有偿,张三,13912345678,--,2025-09-03 09:05:00,待回访\n"
    )
    cleaned = take(text_file(tmp_path, text), Source(table="work_order", files="*", preset="java110"), YINHE)
    assert cleaned.rows["status"].to_list() == ["done", "awaiting_revisit"]
    assert cleaned.rows["order_id"][0] == "102024090312345678"
    assert cleaned.reconciliation.unused_mappings == {}


def test_hc_fees_are_read_in_any_order_of_columns(tmp_path: Path) -> None:
    text = (
        "费用项,订单号,费用类型,房号,业主,开始时间,实收金额,滞纳金,缴费时间,支付方式\n"
        "物业费,P1,物业费,1-1-1001,张三,2025-09-01,100.5,--,2025-09-03 08:05:00,现金\n"
    )
    cleaned = take(
        text_file(tmp_path, text, encoding="gb18030"), Source(table="fee_payment", files="*", preset="java110"), YINHE
    )
    assert cleaned.rows["amount_fen"].to_list() == [10050]
    assert cleaned.rows[["fee_item", "period_start"]].astype("str").values.tolist() == [["物业费", "2025-09-01"]]
    assert cleaned.reconciliation.personal_headers == ["业主"]


@pytest.mark.parametrize(("low", "high", "faults"), [(1, 5, 0), (1, 10, 1), (0, 5, 1)])
def test_ratings_of_orders_take_no_other_scale(low: int, high: int, faults: int) -> None:
    source = Source(table="work_order", files="*", columns={"rating": "评价"}, scale={"low": low, "high": high})
    if not faults:
        check(source)
        return
    with pytest.raises(Faults, match="rating is on 1-5"):
        check(source)


def test_hc_inspections_tell_no_result_and_write_two_dashes_for_nothing(tmp_path: Path) -> None:
    text = (
        "任务详情ID,巡检点名称,巡检计划名称,巡检人开始时间,巡检人结束时间,实际巡检时间,计划巡检人,实际巡检人,巡检情况\n"
        "7001,1号泵房,设备巡检,2025-09-03 09:00:00,2025-09-03 18:00:00,2025-09-03 10:05:00,张三,张三,水泵有异响\n"
        "7002,2号泵房,设备巡检,2025-09-04 09:00:00,2025-09-04 18:00:00,--,张三,--,--\n"
    )
    source = Source(table="inspection", files="*", preset="java110", constants={"domain": "facility"})
    rows = take(text_file(tmp_path, text), source, YINHE).rows
    assert rows["actual_at"].notna().to_list() == rows["inspector"].notna().to_list() == [True, False]
    assert rows["area_id"].to_list() == ["1号泵房", "2号泵房"] and rows["result"].isna().all()
    assert not rows["inspector"].str.contains("张三", na=False).any()


def test_nothing_unusual_is_an_answer_when_hc_tells_of_rounds_of_buildings(tmp_path: Path) -> None:
    text = (
        "巡楼编号,标题,员工ID,员工姓名,楼栋编号,有无异常,巡楼内容,登记时间\n"
        "8001,夜巡,302,张三,3号楼,无,--,2025-09-03 20:05:00\n"
        "8002,夜巡,302,张三,--,有,楼道堆物,2025-09-04 20:05:00\n"
    )
    source = Source(table="inspection", files="*", preset="java110", constants={"domain": "security"})
    cleaned = take(text_file(tmp_path, text), source, YINHE)
    assert cleaned.rows["result"].to_list() == ["pass", "fail"]
    assert cleaned.rows["area_id"].isna().to_list() == [False, True]
    assert cleaned.reconciliation.personal_headers == ["员工姓名"]
