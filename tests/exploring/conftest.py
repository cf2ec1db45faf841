"""A workspace of two communities and two waves of one survey, with hostile labels and with comments that must not leak."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from propkit import store
from propkit.workspace import open_workspace

CANARY = "CANARY-5f2e"
COMMENTS = (
    f"{CANARY} 电梯太慢",
    f"<script>document.title='{CANARY}'</script><b>x</b>",
    f"{CANARY} " + "很长的意见" * 200,
    f"{CANARY} \u062a\u062c\u0631\u0628\u0629 🏠",
)
ZONES = {"东区": 0.8, "西区": 0.35, "<i>南</i> 🏠": 0.6, "$x^2$": 0.65, "小区": 0.5}
WAVES = {"2025H1": "2025-03", "2025H2": "2025-09"}
SETTINGS = """
[workspace]
name = "测试公司"
as_of = "2025-10-08"
[[community]]
id = "yinhe"
name = "银河湾"
[[community]]
id = "cuihu"
name = "翠湖花园"
[[target]]
kpi = "owner_satisfaction"
value = 60
"""
WAVE = """
[[survey]]
id = "{wave}"
label = "{wave}"
mode = "online"
period = "{month}"
[[source]]
table = "survey_response"
files = ["*-{wave}.csv"]
community = "小区名"
preset = "plain"
[source.constants]
survey_id = "{wave}"
mode = "online"
[source.items]
overall = {{ header = "总体满意度", label = "总体满意度", label_en = "Overall" }}
cleaning = {{ header = "保洁服务", label = "保洁服务", label_en = "Cleaning" }}
"""
HEADS = ["序号", "小区名", "提交时间", "房号", "区域", "住户类型", "意见和建议", "总体满意度", "保洁服务"]


def _sheet(wave: str, month: str) -> str:
    """One wave: fixed shares, so that differences are what the figures say; 小区 is too small a zone to show."""
    rows, buffer = [], io.StringIO()
    for place, lift in (("银河湾", 0.0), ("翠湖花园", 0.1)):
        for zone, share in ZONES.items():
            count = 4 if zone == "小区" else 120
            worse = 0.3 if (wave, zone) == ("2025H2", "西区") else 0.0
            for number in range(count):
                satisfied = number < round((share + lift - worse) * count)
                home = f"{len(rows) // 40 + 1}-1-{100 + len(rows) % 40}"
                kind = "业主自住" if number % 3 else "租户"
                comment = COMMENTS[number % len(COMMENTS)] if number < 8 else ""
                at = f"{month}-1{number % 9} 10:00:00"
                rows.append(
                    [len(rows) + 1, place, at, home, zone, kind, comment, 5 if satisfied else 2, 4 if number % 2 else 2]
                )
    writer = csv.writer(buffer)
    writer.writerows([HEADS, *rows])
    return buffer.getvalue()


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("explored")
    (root / "raw").mkdir()
    blocks = [SETTINGS, *(WAVE.format(wave=wave, month=month) for wave, month in WAVES.items())]
    (root / "propkit.toml").write_text("".join(blocks), "utf-8")
    for wave, month in WAVES.items():
        (root / "raw" / f"问卷-{wave}.csv").write_text(_sheet(wave, month), "utf-8")
    result = store.ingest(open_workspace(root))
    assert all(entry["rejected_lines"] == 0 for entry in result.files), result.files
    return root
