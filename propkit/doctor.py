"""What would go wrong on this machine or in this workspace, and the mend.  Changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from propkit.errors import PropkitError
from propkit.text import Text

_NEEDED = {
    "pandas": "3.0", "numpy": "2.2", "papermill": "2.7", "nbconvert": "7.17.1", "matplotlib": "3.11",
    "seaborn": "0.13.2", "pyarrow": "20", "jupyterlab": "4.4", "ipykernel": "6.29",
}  # fmt: skip
_NOTHING = Text("", "")
_FREE = 1 << 30


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the examination: what was looked at, ok, warn or fail, what was found, and what to do."""

    check: Text
    state: str
    found: str
    mend: Text = _NOTHING


def examine(workspace: Path) -> list[Finding]:
    """Return every finding in a fixed order; a check that itself breaks is a finding too."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _python, _packages, _kernel, _font, _browser, _encoding, lambda: _workspace(workspace),
    ]  # fmt: skip
    return [finding for look in checks for finding in look()]


def _python() -> Iterator[Finding]:
    fine = sys.version_info >= (3, 11)
    version = ".".join(map(str, sys.version_info[:3]))
    yield Finding(Text("Python", "Python"), "ok" if fine else "fail", version,
                  _NOTHING if fine else Text("安装 3.11 或更新的 Python", "install Python 3.11 or newer"))  # fmt: skip


def _packages() -> Iterator[Finding]:
    for name, floor in _NEEDED.items():
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            version = ""
        fine = bool(version) and _release(version) >= _release(floor)
        mend = Text(f"pip install -U '{name}>={floor}'", f"pip install -U '{name}>={floor}'")
        yield Finding(Text(name, name), "ok" if fine else "fail", version or "—", _NOTHING if fine else mend)


def _release(version: str) -> tuple[int, ...]:
    parts = version.split("+")[0].split(".")
    return tuple(int(part) for part in parts if part.isdigit())


def _kernel() -> Iterator[Finding]:
    """Reports write a kernelspec of their own; the user's is needed for JupyterLab alone."""
    from jupyter_client.kernelspec import KernelSpecManager

    found = KernelSpecManager().find_kernel_specs()
    fine = "python3" in found
    command = "python -m ipykernel install --sys-prefix"
    mend = _NOTHING if fine else Text(command, command)
    names = ", ".join(sorted(found)) or "—"
    yield Finding(Text("Jupyter 内核", "Jupyter kernel"), "ok" if fine else "warn", names, mend)


def _font() -> Iterator[Finding]:
    try:
        files = metadata.files("zhplot") or []
    except metadata.PackageNotFoundError:
        files = []
    fonts = [file for file in files if file.suffix.lower() in (".ttf", ".otf", ".ttc") and file.locate().is_file()]
    yield Finding(Text("中文字体", "Chinese font"), "ok" if fonts else "fail", fonts[0].name if fonts else "—",
                  _NOTHING if fonts else Text("pip install -U zhplot", "pip install -U zhplot"))  # fmt: skip


def _browser() -> Iterator[Finding]:
    from propkit.reporting.pdf import find_browser

    found = find_browser()
    mend = Text(
        "导出 PDF 需要 Chromium；在浏览器里打印也可以", "PDF needs Chromium; printing from a browser does as well"
    )
    yield Finding(Text("浏览器（PDF）", "Browser (PDF)"), "ok" if found else "warn", Path(found).name if found else "—",
                  _NOTHING if found else mend)  # fmt: skip


def _encoding() -> Iterator[Finding]:
    encoding = (sys.stdout.encoding or "").lower()
    fine = encoding.replace("-", "") in ("utf8", "gb18030", "gbk", "cp936")
    yield Finding(Text("终端编码", "Terminal encoding"), "ok" if fine else "warn", encoding,
                  _NOTHING if fine else Text("设 PYTHONUTF8=1", "set PYTHONUTF8=1"))  # fmt: skip


def _workspace(root: Path) -> Iterator[Finding]:
    from propkit.workspace import open_workspace

    name = Text("工作区", "Workspace")
    if not (root / "propkit.toml").is_file():
        yield Finding(
            name,
            "warn",
            str(root),
            Text("propkit init 新建，或用 -w 指定", "make one with propkit init, or name it with -w"),
        )
        return
    try:
        opened = open_workspace(root)
    except PropkitError as error:
        yield Finding(name, "fail", "propkit.toml", Text(error.render("zh"), error.render("en")))
        return
    yield Finding(name, "ok", opened.settings.workspace.name or str(root))
    yield from _sources(opened.settings.source)
    yield from _writable(opened.root)


def _sources(sources: list) -> Iterator[Finding]:
    mend = Text("在 propkit.toml 里写 [[source]]", "describe the exports in propkit.toml under [[source]]")
    yield Finding(
        Text("数据来源", "Sources"), "ok" if sources else "warn", str(len(sources)), _NOTHING if sources else mend
    )


def _writable(root: Path) -> Iterator[Finding]:
    for name in ("store", "reports"):
        place = root / name if (root / name).is_dir() else root
        fine = os.access(place, os.W_OK | os.X_OK)
        yield Finding(Text(f"可写 {name}/", f"Writable {name}/"), "ok" if fine else "fail", "", _NOTHING if fine else
                      Text("改文件夹的权限", "change the permissions of the folder"))  # fmt: skip
    free = shutil.disk_usage(root).free
    yield Finding(Text("可用空间", "Free space"), "ok" if free > _FREE else "warn", f"{free / 1e9:.1f} GB",
                  _NOTHING if free > _FREE else Text("腾出至少 1 GB", "free at least 1 GB"))  # fmt: skip
