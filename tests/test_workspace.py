"""propkit.toml: what is read, and every fault at once with its line."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from propkit.errors import ConfigError, Faults
from propkit.intake.sources import Source
from propkit.workspace import find_workspace, open_workspace

GOOD = """
[workspace]
name = "示例"
as_of = "2025-10-08"

[[community]]
id = "yinhe"
name = "银河湾"
aliases = ["银河湾小区"]
households = 100

[[target]]
kpi = "repairs_on_time_rate"
value = 95

[[target]]
kpi = "repairs_on_time_rate"
value = 90
community = "yinhe"
from = "2025-06"

[[source]]
table = "work_order"
files = "*.csv"
community = "yinhe"
"""


def _write(folder: Path, text: str) -> Path:
    (folder / "propkit.toml").write_text(text, "utf-8")
    return folder


def test_settings_when_all_is_well(tmp_path: Path) -> None:
    workspace = open_workspace(_write(tmp_path, GOOD))

    assert workspace.settings.workspace.name == "示例"
    assert workspace.spellings()["银河湾小区"] == "yinhe"
    assert workspace.cut(pd.Timestamp("2025-10-08")).households == {"yinhe": 100}


@pytest.mark.parametrize(
    ("community", "month", "expected"),
    [("yinhe", "2025-05", 95), ("yinhe", "2025-06", 90), ("cuihu", "2025-06", 95)],
)
def test_target_own_and_latest_goes_first(tmp_path: Path, community: str, month: str, expected: float) -> None:
    workspace = open_workspace(_write(tmp_path, GOOD))

    assert workspace.target("repairs_on_time_rate", community, month) == expected
    assert workspace.target("owner_satisfaction", community, month) is None


def test_faults_are_reported_all_at_once_with_lines_and_nearest_names(tmp_path: Path) -> None:
    text = (
        GOOD
        + """
[[target]]
kpi = "repair_on_time_rate"
value = 95

[[source]]
table = "work_orders"
files = "*.csv"

[[source]]
table = "complaint"
files = "c*.csv"
[source.columns]
recieved_at = "时间"
"""
    )
    with pytest.raises(Faults) as caught:
        open_workspace(_write(tmp_path, text))

    told = caught.value.render("en")
    assert told.startswith("3 faults in the settings")
    for part in (
        "repair_on_time_rate",
        "did you mean 'repairs_on_time_rate'?",
        "work_orders",
        "did you mean 'work_order'?",
        "recieved_at",
        "did you mean 'received_at'?",
        "propkit.toml:28",
        "propkit.toml:32",
    ):
        assert part in told
    assert "设置有 3 处错误" in caught.value.render("zh")


def test_unknown_setting_says_the_nearest_one(tmp_path: Path) -> None:
    with pytest.raises(Faults) as caught:
        open_workspace(_write(tmp_path, GOOD.replace("as_of =", "asof =")))

    told = caught.value.render("en")
    assert "unknown setting 'asof'" in told
    assert "propkit.toml:4" in told
    assert "did you mean 'as_of'?" in told


@pytest.mark.parametrize(
    ("old", "new", "said", "expected"),
    [
        ('as_of = "2025-10-08"', 'as_of = "8.10.2025"', "as_of", "日期，如 2025-10-08"),
        ("households = 100", "households = 0", "households", "大于 0"),
        ("households = 100", "households = 10.5", "households", "整数"),
        ('id = "yinhe"\nname', 'id = "Yin He"\nname', "id", "小写字母"),
        ('aliases = ["银河湾小区"]', "aliases = 4", "aliases", "列表"),
        ('kpi = "repairs_on_time_rate"\nvalue = 95', 'kpi = "repairs_on_time_rate"\nvalue = "high"', "value", "数字"),
        ('as_of = "2025-10-08"', 'lang = "fr"', "lang", "以下之一：'zh'"),
    ],
)
def test_a_wrong_value_names_its_setting(tmp_path: Path, old: str, new: str, said: str, expected: str) -> None:
    with pytest.raises(Faults) as caught:
        open_workspace(_write(tmp_path, GOOD.replace(old, new)))

    assert f"setting '{said}' has a wrong value" in caught.value.render("en")
    assert f"应为: {expected}" in caught.value.render("zh")


def test_what_cells_hold_may_be_given_as_numbers_and_one_without_a_list() -> None:
    source = Source(table="t", files="a.csv", constants={"scale_low": 1}, missing="暂无", scale={"dont_know": [-3]})

    assert source.constants == {"scale_low": "1"}
    assert source.missing == ["暂无"]
    assert source.scale.dont_know == ["-3"]


def test_two_communities_cannot_share_a_name(tmp_path: Path) -> None:
    with pytest.raises(Faults, match="share the name"):
        open_workspace(_write(tmp_path, GOOD + '\n[[community]]\nid = "other"\nname = "银河湾小区"\n'))


@pytest.mark.parametrize("content", [b"[workspace\n", "[workspace]\nname = '银河'".encode("gb18030")])
def test_a_file_that_is_not_toml_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "propkit.toml").write_bytes(content)

    with pytest.raises(ConfigError, match=r"propkit\.toml is not"):
        open_workspace(tmp_path)


def test_a_folder_without_settings_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="propkit init"):
        open_workspace(tmp_path)


def test_find_workspace_looks_upwards(tmp_path: Path) -> None:
    inside = _write(tmp_path, GOOD) / "reports" / "internal"
    inside.mkdir(parents=True)

    assert find_workspace(inside) == tmp_path


def test_faults_of_form_and_of_reference_are_told_together(tmp_path: Path) -> None:
    text = GOOD + '\n[[target]]\nkpi = "repairs_on_time_rate"\n\n[[target]]\nkpi = "repair_rate"\nvalue = 1\n'

    with pytest.raises(Faults) as caught:
        open_workspace(_write(tmp_path, text.replace("as_of =", "asof =")))

    told = caught.value.render("en")
    assert told.startswith("3 faults")
    for part in ("unknown setting 'asof'", "missing setting 'value'", "there is no 'repair_rate'"):
        assert part in told
