"""What commands print and with which code they end."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from propkit import domains, store
from propkit.cli import COMMANDS, program
from propkit.console import _width, csv_text, language
from propkit.console_data import RULE_WORDS
from propkit.figures import COLUMNS
from propkit.intake.reconciliation import RULES
from propkit.model import Definitions, worded
from propkit.reporting import items
from propkit.workspace import Workspace, open_workspace
from tests.running.conftest import RECEIPT

Call = Callable
NAMES = [command.function.__name__ for command in COMMANDS]


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_every_command_has_help_with_an_example(name: str, lang: str) -> None:
    shown = CliRunner().invoke(program(lang), [name, "--help"])
    assert shown.exit_code == 0
    assert f"propkit {name}" in shown.output
    assert ("例：" if lang == "zh" else "Example: ") in shown.output
    assert "--workspace" in shown.output
    assert (re.search("[\u4e00-\u9fff]", shown.output) is not None) == (lang == "zh")


@pytest.mark.parametrize(
    ("arguments", "environment", "expected"),
    [
        (["run", "--lang", "en"], {"LANG": "zh_CN.UTF-8"}, "en"),
        (["run", "--lang=zh"], {"LANG": "en_US.UTF-8"}, "zh"),
        ([], {"PROPKIT_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ([], {"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, "zh"),
        ([], {"LANG": "en_US.UTF-8"}, "en"),
        ([], {"LANG": "C.UTF-8"}, "zh"),
        ([], {}, "zh"),
    ],
)
def test_the_language_is_what_was_asked_then_the_locale(arguments: list, environment: dict, expected: str) -> None:
    assert language(arguments, environment) == expected


def test_ingest_accounts_for_every_line(call: Call, workspace: Workspace) -> None:
    raw = workspace.raw / "yinhe.csv"
    raw.write_text(raw.read_text("utf-8") + "W9,2025-09-31 10:00:00,,1-1-104,门窗,1,\n", "utf-8")
    (workspace.raw / "other.csv").write_text("a\n1\n", "utf-8")
    result = call("ingest")
    assert result.exit_code == 0
    assert "7 lines = 6 kept + 1 refused" in result.stdout
    assert "unreadable 1" in result.stdout
    assert "other.csv" in result.stderr


def test_ingest_ends_with_1_when_a_file_was_refused_and_3_when_all_were(call: Call, workspace: Workspace) -> None:
    (workspace.raw / "yinhe.csv").write_bytes(b"")
    result = call("ingest", lang="zh")
    assert result.exit_code == 1
    assert "文件为空" in result.stdout
    (workspace.raw / "guangming.csv").write_bytes(b"")
    assert call("ingest").exit_code == 3


def test_check_is_strict_only_when_asked(call: Call, workspace: Workspace) -> None:
    assert call("check", "--strict").exit_code == 0
    raw = workspace.raw / "yinhe.csv"
    raw.write_text(raw.read_text("utf-8") + "W9,2025-09-31 10:00:00,,1-1-104,门窗,1,\n", "utf-8")
    store.ingest(workspace)
    assert call("check").exit_code == 0
    result = call("check", "--strict", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["rejects"] == [
        {"table": "work_order", "column": "reported_at", "rule": "unreadable", "lines": 1, "first": "yinhe.csv:5"}
    ]


def test_every_rule_has_words() -> None:
    assert set(RULE_WORDS) == set(RULES)


def test_values_as_csv_are_the_columns_of_figures_in_full_precision(call: Call) -> None:
    result = call("values", "repair_completion_rate", "-c", "银河小区", "-p", "2025-08,2025-09", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert result.stdout.splitlines()[0] == ",".join(COLUMNS)
    assert [(row["community"], row["period"], row["state"]) for row in rows] == [
        ("yinhe", "2025-08", "no_data"), ("yinhe", "2025-09", "unreliable"),
    ]  # fmt: skip
    assert rows[0]["value"] == ""
    assert float(rows[1]["value"]) == 2 / 3
    assert (rows[1]["num"], rows[1]["den"]) == ("2", "3")


def test_values_by_segment_default_to_the_last_month_and_the_kpis_that_split(call: Call) -> None:
    rows = json.loads(call("values", "--by", "fault_type", "--format", "json").stdout)
    assert {row["period"] for row in rows} == {"2025-09"}
    assert {"水电", "门窗"} <= {row["segment"] for row in rows}
    assert (
        call("values", "--by", "fault_type", "--json").stdout == json.dumps(rows, ensure_ascii=False, indent=1) + "\n"
    )


def test_values_as_of_an_earlier_day_do_not_see_later_rows(call: Call) -> None:
    rows = json.loads(call("values", "work_order_volume", "-p", "2025-09", "--as-of", "2025-09-02", "--json").stdout)
    assert [row["num"] for row in rows] == [1, 1]


def test_values_as_a_table_are_in_the_readers_units(call: Call) -> None:
    result = call("values", "repair_completion_rate", "-c", "yinhe", lang="zh")
    assert "67%" in result.stdout
    assert "仅供参考" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "hint"),
    [
        (("values", "first_time_fix"), "first_time_fix_rate"),
        (("values", "-c", "yinghe"), "yinhe"),
        (("values", "--by", "faulttype"), "fault_type"),
        (("values", "-p", "2025-9"), "2025-09"),
        (("values", "--as-of", "yesterday"), "2025-10-08"),
        (("kpis", "first_time_fix"), "first_time_fix_rate"),
        (("run", "monthly"), "monthly_review"),
        (("values", "--formt", "csv"), "--format"),
        (("vlues",), "values"),
    ],
)
def test_a_wrong_name_ends_with_2_and_what_was_meant(call: Call, arguments: tuple[str, ...], hint: str) -> None:
    result = call(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert hint in result.stderr
    assert "Traceback" not in result.stderr


def test_a_folder_that_is_no_workspace_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(program("zh"), ["status", "-w", str(tmp_path)])
    assert result.exit_code == 2
    assert "propkit init" in result.stderr


def test_values_without_data_end_with_3(tmp_path: Path) -> None:
    CliRunner().invoke(program("zh"), ["init", str(tmp_path)])
    assert CliRunner().invoke(program("zh"), ["values", "-w", str(tmp_path)]).exit_code == 3


def test_init_makes_a_valid_workspace_once(tmp_path: Path) -> None:
    first = CliRunner().invoke(program("zh"), ["init", str(tmp_path / "mine")])
    assert first.exit_code == 0
    assert open_workspace(tmp_path / "mine").settings.privacy.min_n == 10
    assert CliRunner().invoke(program("zh"), ["init", str(tmp_path / "mine")]).exit_code == 2


def test_the_examples_in_a_new_workspace_are_valid(tmp_path: Path) -> None:
    CliRunner().invoke(program("zh"), ["init", str(tmp_path)])
    path = tmp_path / "propkit.toml"
    text = re.sub(r"(?m)^# (?=\[|as_of|[a-z_]+ = )", "", path.read_text("utf-8"))
    path.write_text(text, "utf-8")
    opened = open_workspace(tmp_path)
    assert [source.table for source in opened.settings.source] == ["work_order"]
    assert opened.target("repairs_on_time_rate", "yinhe", "2025-09") == 95


def test_kpis_lists_the_catalogue_and_prints_a_card(call: Call) -> None:
    listed = {entry["id"] for entry in json.loads(call("kpis", "--json").stdout)}
    assert listed == {entry.id for entry in items.entries(Definitions())} > {*domains.KPIS, *domains.DURATIONS}
    card = call("kpis", "first_time_fix_rate").stdout
    kpi = worded(domains.KPIS["first_time_fix_rate"], Definitions())
    assert all(words in card for words in (kpi.top.en, kpi.bottom.en, kpi.source, "30 days", "completed_at"))
    assert "从报修到接单" in call("kpis", "repair_response_time", lang="zh").stdout


def test_doctor_examines_the_environment_and_the_workspace(call: Call) -> None:
    findings = {finding["check"]: finding["state"] for finding in json.loads(call("doctor", "--json").stdout)}
    assert findings["Workspace"] == findings["Chinese font"] == findings["papermill"] == "ok"


def test_dry_run_lists_what_would_be_made_and_writes_nothing(call: Call, workspace: Workspace) -> None:
    result = call("run", "--dry-run")
    assert result.exit_code == 0
    assert "3 to make" in result.stdout
    assert not (workspace.store / "manifest.jsonl").exists()


def test_run_status_and_index(call: Call, workspace: Workspace, notebook: Callable) -> None:
    notebook("assert community != 'guangming'", RECEIPT)
    ran = call("run", "monthly_review", "-j", "2", "-p", "2025-09")
    assert ran.exit_code == 1
    assert "1 made · 1 failed · 0 kept · 2 in all" in ran.stdout
    assert "AssertionError" in ran.stdout
    assert len([line for line in ran.stderr.splitlines() if re.match(r"\d/2 ", line)]) == 2
    stood = call("status", "--json")
    assert stood.exit_code == 1
    assert [entry["standing"] for entry in json.loads(stood.stdout)] == ["failed", "current"]
    notebook(RECEIPT)
    assert call("run", "--failed", "--edition", "owner").stdout == "no reports to run\n"
    again = call("run", "--failed", "-p", "2025Q3", "--json")
    assert [(job["key"], job["status"]) for job in json.loads(again.stdout.splitlines()[-1])["jobs"]] == [
        ("internal/guangming/2025-09/monthly_review.zh", "success")
    ]
    none = call("run", "--failed")
    assert (none.exit_code, none.stdout) == (0, "no reports to run\n")
    assert call("index").stdout.strip() == str(workspace.reports / "index.html")


def test_a_month_without_data_fails_and_names_the_months_that_have_some(call: Call) -> None:
    result = call("run", "-c", "yinhe", "-p", "2025-05")
    assert result.exit_code == 1
    assert "no_data" in result.stdout
    assert "2025-09" in result.stdout


def test_a_failure_is_told_in_the_language_asked_now_and_with_the_next_step(
    call: Call, workspace: Workspace, notebook: Callable
) -> None:
    fault = "from propkit.errors import ConfigError\nfrom propkit.text import Text\n"
    notebook(fault + "raise ConfigError(Text('不行', 'no good'), hint=Text('改', 'mend'))", RECEIPT)
    ran = call("run", "-c", "yinhe", "-p", "2025-09", "--json")
    job, summary = map(json.loads, ran.stdout.splitlines())
    assert (ran.exit_code, job["event"], summary["event"], summary["failed"]) == (1, "job", "summary", 1)
    assert (job["reason"], job["message"]) == ("cell_error", {"zh": "不行; 办法: 改", "en": "no good; hint: mend"})
    assert "no good; hint: mend" in call("status").stdout
    assert "不行; 办法: 改" in call("status", lang="zh").stdout
    assert "不行" in (workspace.reports / "index.html").read_text("utf-8")
    again = call("run", "--failed", lang="zh")
    assert "打开详情里的 error.html" in again.stdout
    assert (workspace.root / job["evidence"] / "error.html").is_file()


def test_new_data_mark_the_pages_that_they_make_stale(call: Call, workspace: Workspace, notebook: Callable) -> None:
    notebook(RECEIPT)
    assert call("run", "monthly_review", "-p", "2025-09", "--as-of", "2025-10-08").exit_code == 0
    raw = workspace.raw / "yinhe.csv"
    raw.write_text(raw.read_text("utf-8") + "W4,2025-09-07 10:00:00,,1-1-104,门窗,1,\n", "utf-8")
    assert call("ingest").exit_code == 0
    page = (workspace.reports / "index.html").read_text("utf-8")
    assert re.findall(r'data-state="(\w+)"', page) == ["current", "stale"]
    again = call("run", "monthly_review", "-p", "2025-09", "--as-of", "2025-10-08", "--json")
    jobs = json.loads(again.stdout.splitlines()[-1])["jobs"]
    assert [job["status"] for job in jobs] == ["success", "skipped"]


def test_shards_share_out_the_jobs(call: Call, notebook: Callable) -> None:
    notebook(RECEIPT)
    parts = [call("run", "--dry-run", "--json", "--shard", f"{at}/2") for at in (1, 2)]
    keys = [entry["key"] for part in parts for entry in json.loads(part.stdout)]
    assert len(keys) == len(set(keys)) == 3
    assert call("run", "--shard", "3/2").exit_code == 2


def test_a_report_over_its_limits_is_told(call: Call, notebook: Callable) -> None:
    notebook("import time; time.sleep(60)", RECEIPT)
    result = call("run", "-c", "yinhe", "-p", "2025-09", "--timeout", "1")
    assert (result.exit_code, "timeout" in result.stdout) == (1, True)
    assert "raise --timeout" in result.stdout


def test_a_locked_workspace_ends_with_75(call: Call, workspace: Workspace) -> None:
    with store.locked(workspace):
        assert call("run").exit_code == 75


def test_an_unexpected_error_leaves_its_traceback_in_private(
    call: Call, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("propkit.store.results", lambda workspace: 1 / 0)
    result = call("check")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "ZeroDivisionError" in result.stderr
    assert "Traceback" not in result.stderr
    (kept,) = (workspace.private / "errors").iterdir()
    assert "Traceback" in kept.read_text("utf-8")


def test_csv_makes_formulas_harmless_and_leaves_numbers() -> None:
    cells = ["=1+1", "+1", "-1", "@x", "\tx", "＝1", "正常", None, -1.5, 3]
    rows = list(csv.reader(io.StringIO(csv_text(["a"], [{"a": cell} for cell in cells]))))
    assert [row[0] if row else "" for row in rows[1:]] == [
        "'=1+1", "'+1", "'-1", "'@x", "'\tx", "'＝1", "正常", "", "-1.5", "3",
    ]  # fmt: skip


def test_chinese_takes_two_places() -> None:
    assert [_width(text) for text in ("ab", "银河", "a河", "。")] == [2, 4, 3, 2]


def test_the_command_starts_without_heavy_imports() -> None:
    heavy = ("pandas", "papermill", "nbconvert", "matplotlib", "pyarrow")
    code = f"import sys, propkit.cli; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_module_is_the_command(workspace: Workspace) -> None:
    command = [sys.executable, "-m", "propkit", "values", "no_such_kpi", "-w", str(workspace.root)]
    done = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PROPKIT_LANG": "zh"}, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert "没有这个指标" in done.stderr


def test_verify_ends_with_1_when_something_is_not_as_published_and_2_when_there_is_no_such_file(
    call: Call, workspace: Workspace
) -> None:
    assert call("verify").exit_code == 0
    (workspace.reports / "owner").mkdir(parents=True)
    (workspace.reports / "owner" / "left.html").write_text("x", "utf-8")
    result = call("verify")
    assert result.exit_code == 1
    assert "owner/left.html" in result.stdout and "no record 1" in result.stdout
    assert json.loads(call("verify", "--json").stdout)[0]["state"] == "orphan"
    assert call("verify", "none.html").exit_code == 2


def test_run_with_pdf_but_without_a_browser_makes_the_pages_and_says_so(
    call: Call, workspace: Workspace, notebook: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook(RECEIPT)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(sys, "platform", "linux")
    result = call("run", "-c", "yinhe", "-p", "2025-09", "--pdf")
    assert result.exit_code == 0
    assert "neither Chromium, Chrome nor Edge was found" in result.stderr
    page = workspace.reports / "internal" / "yinhe" / "2025-09" / "monthly_review.zh.html"
    assert page.is_file() and not page.with_suffix(".pdf").exists()
    assert call("verify", str(page)).exit_code == 0
