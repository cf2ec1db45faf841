"""The recipes: each is read as its scheduler reads it, and what it would run is run with a stand-in for propkit."""

from __future__ import annotations

import ast
import configparser
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from propkit import schedule
from propkit.errors import ConfigError
from propkit.workspace import Workspace, open_workspace

SETTINGS = '[workspace]\ntimezone = "Asia/Shanghai"\n'
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose path holds everything that a shell, cron or systemd would make something else of."""
    root = tmp_path / "a b%c $HOME '工作\"区 `x` \\ {{ x }}"
    root.mkdir()
    (root / "propkit.toml").write_text(SETTINGS, "utf-8")
    stub = tmp_path / "stub"
    stub.write_text(
        f"#!{sys.executable}\nimport json, pathlib, sys\nhere = pathlib.Path(__file__).parent\n"
        'said = sys.argv[1:]\nopen(here / "said", "a").write(json.dumps(said) + "\\n")\n'
        'codes = json.loads((here / "codes").read_text())\nsys.exit(codes[said[3]])\n',
        "utf-8",
    )
    stub.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(stub))
    return open_workspace(root)


def _answers(workspace: Workspace, ingest: int, run: int) -> None:
    (workspace.root.parent / "codes").write_text(json.dumps({"ingest": ingest, "run": run}), "utf-8")
    (workspace.root.parent / "said").write_text("", "utf-8")


def _said(workspace: Workspace) -> list[list[str]]:
    return [json.loads(line) for line in (workspace.root.parent / "said").read_text("utf-8").splitlines()]


def _uncommented(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def _cron_command(line: str) -> str:
    """Read a line of a crontab: five fields in their ranges, then the command, in which only \\% is a per cent sign."""
    *fields, command = line.split(" ", 5)
    for field, (low, high) in zip(fields, RANGES, strict=True):
        assert field == "*" or low <= int(field) <= high
    assert "%" not in command.replace("\\%", "")
    return command.replace("\\%", "%")


def _systemd_command(line: str) -> str:
    """Read an ExecStart= of /bin/sh -c with one quoted argument as systemd does."""
    head, _, quoted = line.partition('-c "')
    assert head == "/bin/sh "
    assert quoted.endswith('"')
    said, at, body = "", 0, quoted[:-1]
    while at < len(body):
        if body[at] in "\\%$":
            assert body[at + 1] in ("\\", '"') if body[at] == "\\" else body[at + 1] == body[at]
            at += 1
        assert body[at] != '"' or body[at - 1] == "\\"
        said, at = said + body[at], at + 1
    return said


def _parts(text: str) -> dict[str, configparser.ConfigParser]:
    """The files of a systemd recipe by name: each begins with its path in a comment."""
    named = [part.partition("\n") for part in text.split("# ~/.config/systemd/user/")[1:]]
    files = {name: content for name, _, content in named}
    read = {name: configparser.ConfigParser(interpolation=None) for name in files}
    for name, parser in read.items():
        parser.optionxform = str
        parser.read_string(files[name])
    return read


def _cron(workspace: Workspace) -> str:
    zone, line = _uncommented(schedule.recipe("cron", workspace, "zh"))
    assert zone == "CRON_TZ=Asia/Shanghai"
    return _cron_command(line)


def _systemd(workspace: Workspace) -> str:
    parts = _parts(schedule.recipe("systemd", workspace, "zh"))
    assert parts["propkit.timer"]["Timer"]["OnCalendar"] == "*-*-05 06:30:00 Asia/Shanghai"
    return _systemd_command(parts["propkit.service"]["Service"]["ExecStart"])


@pytest.mark.parametrize("read", [_cron, _systemd])
@pytest.mark.parametrize(
    ("ingest", "run", "ended", "ran"),
    [(0, 0, 0, True), (1, 0, 1, True), (0, 1, 1, True), (1, 75, 75, True), (75, 0, 75, False), (3, 0, 3, False)],
)
def test_a_line_for_the_shell_reads_then_reports_and_ends_as_they_do(
    workspace: Workspace, read: Callable[[Workspace], str], ingest: int, run: int, ended: int, ran: bool
) -> None:
    _answers(workspace, ingest, run)
    done = subprocess.run(["/bin/sh", "-c", read(workspace)], check=False)
    assert done.returncode == ended
    said = _said(workspace)
    assert [line[3] for line in said] == ["ingest", "run"][: 1 + ran]
    for line in said:
        assert line[:3] == ["-P", "-m", "propkit"]
        assert line[line.index("-w") + 1] == str(workspace.root.resolve())
    if ran:
        assert said[1][said[1].index("--period") + 1] == "last-month"


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd")
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_systemd_finds_nothing_wrong(workspace: Workspace, tmp_path: Path, lang: str) -> None:
    folder = tmp_path / "units"
    folder.mkdir()
    for name, parser in _parts(schedule.recipe("systemd", workspace, lang)).items():
        with (folder / name).open("w") as out:
            parser.write(out, space_around_delimiters=False)
    units = [str(folder / name) for name in ("propkit.service", "propkit.timer")]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    ours = [line for line in done.stderr.splitlines() if "propkit" in line]
    assert (done.returncode, ours) == (0, [])
    (folder / "propkit.service").write_text((folder / "propkit.service").read_text("utf-8") + "Retsart=no\n", "utf-8")
    again = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True, check=False
    )
    assert "Retsart" in again.stderr


class _Retry(Exception):
    pass


class _Fail(_Retry):
    pass


def _dag(text: str, monkeypatch: pytest.MonkeyPatch) -> dict[str, Callable[[], None]]:
    """Load a DAG with a stand-in for Airflow; returns its tasks."""
    tasks: dict[str, Callable[[], None]] = {}

    class _Task:
        def __init__(self, name: str) -> None:
            self.name = name

        def __rshift__(self, other: _Task) -> None:
            assert (self.name, other.name) == ("ingest", "run")

    def task(function: Callable[[], None]) -> Callable[[], _Task]:
        tasks[function.__name__] = function
        return lambda: _Task(function.__name__)

    def dag(**given: object) -> Callable:
        assert given["schedule"] == "30 06 5 * *"
        assert given["max_active_runs"] == 1
        assert given["start_date"]["tz"] == "Asia/Shanghai"
        return lambda function: function

    fakes = {
        "pendulum": {"datetime": lambda *day, **more: more},
        "airflow": {}, "airflow.sdk": {"dag": dag, "task": task},
        "airflow.exceptions": {"AirflowException": _Retry, "AirflowFailException": _Fail},
    }  # fmt: skip
    for name, held in fakes.items():
        module = ModuleType(name)
        module.__dict__.update(held)
        monkeypatch.setitem(sys.modules, name, module)
    exec(compile(ast.parse(text), "propkit_reports.py", "exec"), {"__name__": "propkit_reports"})
    return tasks


def test_airflow_tries_again_what_was_locked_or_killed_and_nothing_else(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = _dag(schedule.recipe("airflow", workspace, "en"), monkeypatch)
    ended = {0: None, 1: _Fail, 2: _Fail, 3: _Fail, 75: _Retry, 130: _Retry}
    for code, error in ended.items():
        _answers(workspace, code, code)
        if error is None:
            tasks["run"]()
        else:
            with pytest.raises(_Retry) as caught:
                tasks["run"]()
            assert caught.type is error
    _answers(workspace, 1, 0)
    tasks["ingest"]()
    tasks["run"]()
    assert [line[3] for line in _said(workspace)] == ["ingest", "run"]
    assert {line[-1] for line in _said(workspace)} == {str(workspace.root.resolve())}


@pytest.mark.parametrize(("code", "ended"), [(0, 0), (1, 0), (3, 3), (75, 75)])
def test_kubernetes_goes_on_after_refused_files_and_retries_only_what_can_be_mended_by_it(
    workspace: Workspace, tmp_path: Path, code: int, ended: int
) -> None:
    yaml = pytest.importorskip("yaml")
    made = yaml.safe_load(schedule.recipe("k8s", workspace, "zh"))
    assert (made["apiVersion"], made["kind"]) == ("batch/v1", "CronJob")
    assert made["spec"]["timeZone"] == "Asia/Shanghai"
    _cron_command(made["spec"]["schedule"] + " x")
    job = made["spec"]["jobTemplate"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [1, 2, 3])
    pod = job["template"]["spec"]
    (run,), (ingest,) = pod["containers"], pod["initContainers"]
    volumes = {volume["name"] for volume in pod["volumes"]}
    assert {mount["name"] for one in (run, ingest) for mount in one["volumeMounts"]} == volumes
    assert run["command"][:4] == ["propkit", "run", "--period", "last-month"]
    (tmp_path / "propkit").write_text(f"#!/bin/sh\nexit {code}\n", "utf-8")
    (tmp_path / "propkit").chmod(0o700)
    done = subprocess.run(ingest["command"], env={"PATH": f"{tmp_path}:/usr/bin:/bin"}, check=False)
    assert done.returncode == ended


@pytest.mark.parametrize("kind", schedule.KINDS)
def test_comments_are_in_the_asked_language_and_warn_of_a_fixed_cut_off(workspace: Workspace, kind: str) -> None:
    zh, en = (schedule.recipe(kind, workspace, lang) for lang in ("zh", "en"))
    assert "随时可以中断" in zh
    assert "May be stopped at any moment" in en
    name = workspace.root.name
    assert not any("\u4e00" <= sign <= "\u9fff" for sign in en.replace(name, "").replace("工作", "").replace("区", ""))
    assert "as_of" not in zh + en
    (workspace.root / "propkit.toml").write_text(SETTINGS + 'as_of = "2025-10-08"\n', "utf-8")
    assert "as_of = 2025-10-08" in schedule.recipe(kind, open_workspace(workspace.root), "zh")


def test_a_path_with_a_line_break_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a\nb").mkdir()
    (tmp_path / "a\nb" / "propkit.toml").write_text(SETTINGS, "utf-8")
    with pytest.raises(ConfigError):
        schedule.recipe("cron", open_workspace(tmp_path / "a\nb"), "zh")
