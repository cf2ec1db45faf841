"""Raw files into the store and out again: accounts, re-exports, changes, atomic writes, one writer at a time."""

from __future__ import annotations

import multiprocessing
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from propkit import domains, incoming, store
from propkit.errors import ConfigError, DataError, LockedError
from propkit.workspace import Workspace, open_workspace

SETTINGS = """
[[community]]
id = "yinhe"
name = "银河湾"
[[community]]
id = "cuihu"
name = "翠湖"

[[source]]
table = "work_order"
files = "工单*.csv"
community = "小区"
"""
HEAD = "工单编号,小区,房号,报修时间,完成时间,姓名\n"
SEPTEMBER = (
    HEAD + "A1,银河湾,1-1-101,2025-09-01 08:00,,测试甲\nA2,翠湖,1-1-102,2025-09-02 08:00,2025-09-02 10:00,测试乙\n"
)
OCTOBER = (
    HEAD + "A1,银河湾,1-1-101,2025-09-01 08:00,2025-10-01 09:00,测试甲\nA3,银河湾,1-1-101,2025-10-02 08:00,,测试甲\n"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "propkit.toml").write_text(SETTINGS, "utf-8")
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "工单9月.csv").write_text(SEPTEMBER, "utf-8")
    (tmp_path / "raw" / "工单10月.csv").write_text(OCTOBER, "gb18030")
    return open_workspace(tmp_path)


def test_ingest_accounts_for_every_line_and_counts_a_key_once(workspace: Workspace) -> None:
    done = store.ingest(workspace)
    rows = store.load(workspace)["work_order"].set_index("order_id")

    by_file = {entry["file"]: entry for entry in done.files}
    assert (by_file["工单9月.csv"]["lines"], by_file["工单9月.csv"]["kept"]) == (2, 1)
    assert by_file["工单9月.csv"]["rejected"] == {"superseded": 1}
    assert by_file["工单10月.csv"]["encoding"] == "gb18030"
    assert sorted(rows.index) == ["A1", "A2", "A3"]
    assert rows.loc["A1", "completed_at"] == pd.Timestamp("2025-10-01 09:00")
    assert sum(entry["lines"] for entry in done.files) == len(rows) + len(store.load_rejects(workspace))


def test_ingest_reads_only_what_changed(workspace: Workspace) -> None:
    assert store.ingest(workspace).read == 2
    assert store.ingest(workspace).read == 0

    (workspace.raw / "工单9月.csv").write_text(SEPTEMBER + "A4,翠湖,1-1-103,2025-09-05 08:00,,测试丙\n", "utf-8")

    assert store.ingest(workspace).read == 1
    assert "A4" in set(store.load(workspace)["work_order"]["order_id"])


def test_a_removed_file_takes_its_rows_with_it(workspace: Workspace) -> None:
    store.ingest(workspace)
    (workspace.raw / "工单9月.csv").unlink()
    store.ingest(workspace)

    assert set(store.load(workspace)["work_order"]["order_id"]) == {"A1", "A3"}
    assert store.load(workspace, ["cuihu"])["work_order"].empty


def test_names_and_rooms_never_reach_the_store(workspace: Workspace) -> None:
    store.ingest(workspace)

    content = b"".join(path.read_bytes() for path in (workspace.store / "rows").rglob("*.parquet"))
    for secret in ("测试甲", "1-1-101"):
        assert secret.encode() not in content
    homes = store.load(workspace)["work_order"]["household"]
    assert homes.str.fullmatch(r"[0-9a-f]{16}").all()


def test_the_same_room_in_two_communities_is_two_households(workspace: Workspace) -> None:
    text = HEAD + "B1,银河湾,1-1-101,2025-09-01 08:00,,x\nB2,翠湖,1-1-101,2025-09-01 08:00,,x\n"
    (workspace.raw / "工单11月.csv").write_text(text, "utf-8")
    store.ingest(workspace)

    rows = store.load(workspace)["work_order"].set_index("order_id")
    assert rows.loc["B1", "household"] != rows.loc["B2", "household"]
    assert rows.loc["B1", "household"] == rows.loc["A1", "household"]


def test_a_refused_file_does_not_stop_the_others(workspace: Workspace) -> None:
    (workspace.raw / "工单12月.csv").write_bytes(b"")
    done = store.ingest(workspace)

    assert [entry["file"] for entry in done.refused] == ["工单12月.csv"]
    assert done.refused[0]["refused"]["code"] == "empty"
    assert len(store.load(workspace)["work_order"]) == 3


def test_files_that_no_source_names_are_listed(workspace: Workspace) -> None:
    (workspace.raw / "说明.txt").write_text("x", "utf-8")

    assert store.ingest(workspace).unmatched == ["说明.txt"]


def test_store_can_be_deleted_and_made_again(workspace: Workspace) -> None:
    store.ingest(workspace)
    before = store.load(workspace)["work_order"].drop(columns="household")
    for path in sorted(workspace.store.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    store.ingest(workspace)

    pd.testing.assert_frame_equal(store.load(workspace)["work_order"].drop(columns="household"), before)


def test_load_of_an_empty_store_has_every_table_and_dtype(workspace: Workspace) -> None:
    tables = store.load(workspace)

    assert set(tables) == set(domains.TABLES)
    assert tables["work_order"].dtypes["reported_at"] == "datetime64[s]"


def test_data_cutoff_is_asked_or_the_last_day_with_data(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="there are no data yet"):
        store.data_cutoff(workspace)

    store.ingest(workspace)

    assert store.data_cutoff(workspace) == pd.Timestamp("2025-10-02 23:59:59")
    assert store.data_cutoff(workspace, "2025-09-30") == pd.Timestamp("2025-09-30 23:59:59")


def test_unknown_community_says_the_nearest(workspace: Workspace) -> None:
    with pytest.raises(ConfigError, match="did you mean 'yinhe'"):
        store.check_community(workspace, "yinge")


def test_a_second_writer_is_turned_away(workspace: Workspace) -> None:
    with store.locked(workspace), multiprocessing.get_context("spawn").Pool(1) as pool:
        outcome = pool.apply(_try_lock, (str(workspace.root),))

    assert outcome == LockedError.exit_code


def _try_lock(root: str) -> int:
    try:
        with store.locked(open_workspace(root)):
            return 0
    except LockedError as error:
        return error.exit_code


def test_write_bytes_leaves_the_old_file_when_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "page.html"
    store.write_bytes(path, b"old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        store.write_bytes(path, b"new")

    assert path.read_bytes() == b"old"


def test_fingerprint_changes_with_the_rows_of_the_community_only(workspace: Workspace) -> None:
    store.ingest(workspace)
    before = {place: store.fingerprint(workspace, place) for place in ("yinhe", "cuihu")}
    (workspace.raw / "工单11月.csv").write_text(HEAD + "C1,翠湖,1-1-109,2025-09-09 08:00,,x\n", "utf-8")
    store.ingest(workspace)

    assert store.fingerprint(workspace, "yinhe") == before["yinhe"]
    assert store.fingerprint(workspace, "cuihu") != before["cuihu"]


def test_fingerprint_changes_when_only_a_refusal_does(workspace: Workspace) -> None:
    store.ingest(workspace)
    before = store.fingerprint(workspace, "yinhe")
    (workspace.raw / "工单9月.csv").write_text(SEPTEMBER + "A9,银河湾,1-1-101,昨天,,x\n", "utf-8")
    store.ingest(workspace)

    assert store.fingerprint(workspace, "yinhe") != before


def test_two_sources_over_the_same_rows_are_a_fault(workspace: Workspace) -> None:
    settings = (workspace.root / "propkit.toml").read_text("utf-8")
    (workspace.root / "propkit.toml").write_text(
        settings + '\n[[source]]\ntable = "work_order"\nfiles = "*9月.csv"\ncommunity = "小区"\n', "utf-8"
    )

    with pytest.raises(ConfigError, match="two \\[\\[source\\]\\] blocks"):
        store.ingest(open_workspace(workspace.root))


def test_communities_are_counted_in_parts_that_fit_the_memory(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.ingest(workspace)
    places = ["yinhe", "cuihu"]
    assert store.partitions(workspace, places) == [places]
    (workspace.root / "propkit.toml").write_text(SETTINGS + "[limits]\nmemory_mb = 1\n", "utf-8")
    tight = open_workspace(workspace.root)
    assert store.partitions(tight, places) == [places]
    monkeypatch.setattr(store, "_CELL_BYTES", (1 << 20) // store._cells(tight, "yinhe"))
    assert store.partitions(tight, ["unread", *places]) == [["unread", "yinhe"], ["cuihu"]]
    monkeypatch.setattr(store, "_CELL_BYTES", 1 << 30)
    assert store.partitions(tight, places) == [["yinhe"], ["cuihu"]]


def test_several_processes_and_little_memory_leave_the_same_store(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [[], []]
    done = store.ingest(workspace, tell=told[0].append, workers=1)
    before = _kept(workspace)
    shutil.rmtree(workspace.private / "parts")
    (workspace.root / "propkit.toml").write_text(SETTINGS + "[limits]\nmemory_mb = 1\n", "utf-8")
    monkeypatch.setattr(incoming, "WORTH_FILES", 2)
    monkeypatch.setattr(
        incoming, "NEEDS_TEXT", 1 << 20
    )  # each file is larger than the memory: they have their turns alone
    monkeypatch.setattr(store, "_CELL_BYTES", 1 << 20)  # and so is each community

    again = store.ingest(open_workspace(workspace.root), tell=told[1].append, workers=2)

    assert (again, sorted(told[1])) == (done, sorted(told[0]))
    assert _kept(workspace) == before


def _kept(workspace: Workspace) -> dict[str, bytes]:
    paths = [*(workspace.store / "rows").rglob("*.parquet"), workspace.private / "rejects.parquet"]
    return {str(path): path.read_bytes() for path in [*paths, workspace.store / "ingest_results.json"]}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of a process in kB")
def test_what_ingest_holds_is_bounded_by_the_memory_that_is_given(tmp_path: Path) -> None:
    small, tight, wide = (_many_orders(tmp_path / name, lines, room) for name, lines, room in (
        ("small", 10, 160), ("tight", 20_000, 160), ("wide", 20_000, 8192),
    ))  # fmt: skip

    base, bounded, free = (_peak(root) for root in (small, tight, wide))

    assert bounded - base < 160
    assert free - base > 200  # what a run without bounds holds: the test would see it
    rows = [path.relative_to(wide).as_posix() for path in (wide / "store" / "rows").rglob("*.parquet")]
    keys = [pd.read_parquet(tight / name).drop(columns="household") for name in rows]
    for name, ours in zip(rows, keys, strict=True):
        pd.testing.assert_frame_equal(ours, pd.read_parquet(wide / name).drop(columns="household"))
    assert sum(map(len, keys)) == 12 * 20_000


def _many_orders(root: Path, lines: int, memory: int) -> Path:
    """Write twelve months of work orders, each a file over eight communities."""
    places, steps = list("甲乙丙丁戊己庚辛"), ["报修时间", "派单时间", "到场时间", "完成时间"]
    blocks = "".join(f'[[community]]\nid = "c{at}"\nname = "{name}"\n' for at, name in enumerate(places))
    source = '[[source]]\ntable = "work_order"\nfiles = "*.csv"\ncommunity = "小区"\n'
    (root / "raw").mkdir(parents=True)
    (root / "propkit.toml").write_text(f"{blocks}{source}[limits]\nmemory_mb = {memory}\n", "utf-8")
    for month in range(1, 13):
        at = pd.Timestamp(2024, month, 1) + pd.to_timedelta(pd.RangeIndex(lines), unit="min")
        told = {name: (at + pd.Timedelta(hours=hours)).astype("str") for hours, name in enumerate(steps)}
        ids = [f"{month}-{line}" for line in range(lines)]
        homes = [f"{line % 30 + 1}-1-{line % 97 + 101}" for line in range(lines)]
        frame = pd.DataFrame(
            {"工单编号": ids, "小区": [places[line % 8] for line in range(lines)], "房号": homes, **told}
        )
        frame.to_csv(root / "raw" / f"{month}.csv", index=False)
    return root


def _peak(root: Path) -> float:
    """Ingest by command and return the MB that the largest of its processes held at most."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.executable, '-m', 'propkit', 'ingest', '-j', '2', '-q', '-w', sys.argv[1]], check=True)\n"
        "print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(root)], capture_output=True, text=True, check=True).stdout
    return int(told.split()[-1]) / 1024
