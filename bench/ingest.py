"""Reading work orders: `python -m bench.ingest WAY FOLDER OUT`, the ways being csv, xlsx, plain-csv and plain-xlsx.

Ours cleans, validates, accounts for every row and writes the store; the plain ways only read the cells.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

HEADERS = ("小区", "工单编号", "房号", "报修渠道", "报修类型", "故障类型", "紧急程度", "状态", "报修时间", "派单时间",
           "接单时间", "到场时间", "完成时间", "结单时间", "要求完成时间", "上门次数", "评价")  # fmt: skip
SETTINGS = """[workspace]
name = "基准"
[[community]]
id = "yinhe"
name = "银河湾"
[[source]]
table = "work_order"
preset = "plain"
files = ["orders.*"]
"""


def write(folder: Path, rows: int) -> None:
    """Write the same invented work orders as a workspace with a CSV and one with an Excel file."""
    import csv
    import random

    import pandas as pd

    chance, lines = random.Random(7), []
    begin = pd.Timestamp("2024-01-01")
    for number in range(rows):
        at = begin + pd.Timedelta(minutes=chance.randrange(900_000))
        steps = [at + pd.Timedelta(minutes=minutes) for minutes in (0, 5, 12, 40, 90, 200, 2880)]
        lines.append([
            "银河湾", f"WO{number:07}", f"{chance.randrange(1, 20)}-{chance.randrange(1, 4)}-{chance.randrange(101, 130)}",
            chance.choice(["电话", "前台代报"]), "室内维修", chance.choice(["漏水", "停电", "门锁", "堵塞"]), "一般", "办理完成",
            *(f"{step:%Y-%m-%d %H:%M:%S}" for step in steps), chance.choice([1, 1, 2]), chance.choice([3, 4, 5]),
        ])  # fmt: skip
    for kind in ("csv", "xlsx"):
        raw = folder / kind / "raw"
        raw.mkdir(parents=True)
        (folder / kind / "propkit.toml").write_text(SETTINGS, "utf-8")
    with (folder / "csv" / "raw" / "orders.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([HEADERS, *lines])
    pd.DataFrame(lines, columns=list(HEADERS)).to_excel(
        folder / "xlsx" / "raw" / "orders.xlsx", index=False, engine="xlsxwriter"
    )


def ours(folder: Path) -> int:
    """Ingest a workspace into an empty store; returns the rows kept."""
    from propkit import store
    from propkit.workspace import open_workspace

    (entry,) = store.ingest(open_workspace(folder)).files
    return int(entry["kept"])


def plain(folder: Path) -> int:
    """Read the same file with pandas alone; returns its rows."""
    import pandas as pd

    (path,) = (folder / "raw").iterdir()
    return len(pd.read_csv(path, dtype=str) if path.suffix == ".csv" else pd.read_excel(path, engine="openpyxl"))


def _used() -> float:
    """CPU seconds of this process and of those it waited for: workbooks are opened in one of their own."""
    import resource

    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in told)


def _main() -> None:
    import shutil

    import pandas  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    from propkit import store  # noqa: F401

    way, folder, out = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if way == "write":  # in a process of its own: a child's peak begins with that of its parent
        write(folder, int(sys.argv[3]))
        return
    place = folder / way.removeprefix("plain-")
    shutil.rmtree(place / "store", ignore_errors=True)
    began, used = time.monotonic(), _used()
    total = (plain if way.startswith("plain-") else ours)(place)
    told = {"wall": time.monotonic() - began, "cpu": _used() - used, "total": total}
    out.write_text(json.dumps(told), "utf-8")


if __name__ == "__main__":
    _main()
