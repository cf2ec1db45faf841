"""A tiny workspace with two communities and September's work orders, and notebooks of a few cells."""

from __future__ import annotations

import functools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest

from propkit import store
from propkit.workspace import Workspace, open_workspace

SETTINGS = """
[workspace]
name = "测试公司"
as_of = "2025-10-08"
[[community]]
id = "yinhe"
name = "银河小区"
[[community]]
id = "guangming"
name = "光明小区"
[[source]]
table = "work_order"
files = ["yinhe*.csv"]
community = "yinhe"
[[source]]
table = "work_order"
files = ["guangming*.csv"]
community = "guangming"
"""
ORDERS = """工单编号,报修时间,完成时间,房号,故障类型,上门次数,评价
W1,2025-09-01 09:00:00,2025-09-02 09:00:00,1-1-101,水电,1,5
W2,2025-09-03 10:00:00,2025-09-03 18:00:00,1-1-102,门窗,1,4
W3,2025-09-05 10:00:00,,1-1-103,门窗,1,
"""
PARAMETERS = 'workspace = ""\ncommunity = "x"\nmonth = "2025-01"\nas_of = ""\nedition = "internal"\nlang = "zh"\n'
RECEIPT = """import os
from IPython.display import display
used = dict(community=community, month=month, as_of=as_of, edition=edition, lang=lang)
receipt = {"schema_version": 1, "parameters": used, "nonce": os.environ["PROPKIT_NONCE"], "headline": []}
receipt["headline"] = [{"label": "单量", "text": "3", "state": "ok"}]
display({"application/vnd.propkit.receipt+json": receipt}, raw=True)
"""

Write = Callable[..., None]


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("made")
    (root / "raw").mkdir()
    (root / "propkit.toml").write_text(SETTINGS, "utf-8")
    for place in ("yinhe", "guangming"):
        (root / "raw" / f"{place}.csv").write_text(ORDERS, "utf-8")
    store.ingest(open_workspace(root))
    return root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(made, tmp_path / "{x} 工作区")  # a path that str.format would trip over
    return open_workspace(tmp_path / "{x} 工作区")


def write_notebook(
    root: Path, *cells: str, parameters: str = PARAMETERS, tags: tuple[str, ...] = ("parameters",)
) -> None:
    """Write a workspace's own monthly_review of these code cells, after a tagged parameters cell."""
    code = [nbformat.v4.new_code_cell(source) for source in (parameters, *cells)]
    code[0].metadata["tags"] = list(tags)
    for at, cell in enumerate(code):
        cell["id"] = f"c{at}"
    spec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    made = nbformat.v4.new_notebook(cells=code, metadata={"kernelspec": spec})
    path = root / "notebooks" / "monthly_review.ipynb"
    path.parent.mkdir(exist_ok=True)
    nbformat.write(made, path)


@pytest.fixture
def notebook(workspace: Workspace) -> Write:
    """Write a notebook into the workspace: see `write_notebook`."""
    return functools.partial(write_notebook, workspace.root)


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """What every process of a run carries in its environment; its scratch files lie in a place of their own."""
    (tmp_path / "t").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "t"))
    monkeypatch.setenv("PROPKIT_TEST_MARK", str(tmp_path))
    from .runs import carrying

    yield f"PROPKIT_TEST_MARK={tmp_path}"
    for pid in carrying(f"PROPKIT_TEST_MARK={tmp_path}"):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def few(tmp_path: Path) -> Workspace:
    """Three communities whose reports are made in no time and tell figures for later ones."""
    from .runs import TOLD, filled_workspace

    workspace = filled_workspace(tmp_path / "w", ["a", "b", "c"])
    write_notebook(workspace.root, TOLD)
    return workspace
