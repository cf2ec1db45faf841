"""How a job can end: the closed list of reasons, each with its sentence in both languages.  Runs nothing."""

from __future__ import annotations

import errno
from collections.abc import Mapping
from typing import TYPE_CHECKING

from propkit.text import Text

if TYPE_CHECKING:
    from nbformat import NotebookNode

STATUSES = ("success", "failed", "withheld", "skipped")
REASONS: dict[str, Text] = {
    "kernel_start": Text("运行报告的进程没有启动", "the process for the report did not start"),
    "kernel_died": Text("运行报告的进程中途退出", "the process of the report died"),
    "timeout": Text("超过时限", "the time limit was exceeded"),
    "oom": Text("超过内存上限", "the memory limit was exceeded"),
    "output_too_large": Text("输出超过大小限制", "the output exceeds the size limit"),
    "cell_error": Text("单元格出错", "a cell failed"),
    "disclosure": Text("隐去的数字可以推算出来，没有发布", "hidden figures could be worked out; not published"),
    "no_receipt": Text("笔记本没有运行到最后的回执", "the notebook did not reach its receipt"),
    "wrong_params": Text("笔记本用了别的参数", "the notebook used other parameters"),
    "no_data": Text("这个期间没有数据", "there are no data for this period"),
    "io_error": Text("写入失败", "writing failed"),
    "template_error": Text("页面生成失败", "making the page failed"),
    "not_run": Text("还没有运行", "not run yet"),
    "current": Text("输入没有变化", "the inputs have not changed"),
}
RETRIED = ("kernel_start", "kernel_died")
"""Reasons that lie with the machine, not with the report: tried once more."""
WITHHELD = ("disclosure",)
"""Reasons for which a whole page is kept back: nothing broke."""

STEPS: dict[str, Text] = {
    "kernel_start": Text("运行 propkit doctor", "run propkit doctor"),
    "kernel_died": Text(
        "看详情里的 log.txt；内存紧张时减小 -j", "see log.txt in the evidence; if memory is short, lower -j"
    ),
    "timeout": Text("加大 --timeout", "raise --timeout"),
    "oom": Text("加大 --memory 或减小 -j", "raise --memory or lower -j"),
    "output_too_large": Text("减少笔记本里的打印和图", "print and draw less in the notebook"),
    "cell_error": Text("打开详情里的 error.html", "open error.html in the evidence"),
    "disclosure": Text("减少业主版的分组", "split less in the owners' edition"),
    "no_receipt": Text("最后一个单元格要是 show.receipt(book)", "the last cell must be show.receipt(book)"),
    "wrong_params": Text("不要在笔记本里给参数重新赋值", "do not assign to parameters in the notebook"),
    "no_data": Text("换一个期间，或先 propkit ingest", "choose another period, or propkit ingest first"),
    "io_error": Text("检查磁盘空间和权限", "check disk space and permissions"),
    "template_error": Text("重新安装 propkit", "install propkit anew"),
}
"""What a person does next, for every reason that is a failure."""

_ERRNO: dict[int, Text] = {
    errno.ENOSPC: Text("磁盘已满", "the disk is full"),
    errno.EDQUOT: Text("磁盘配额已用完", "the disk quota is used up"),
    errno.EFBIG: Text("文件超过大小限制", "the file exceeds the size limit"),
    errno.EROFS: Text("文件系统只读", "the file system is read-only"),
    errno.EACCES: Text("没有写入权限", "no permission to write"),
    errno.EPERM: Text("没有写入权限", "no permission to write"),
    errno.EIO: Text("磁盘读写出错", "the disk failed"),
}


class Failure(Exception):
    """A job that did not end in a page: its `reason`, one sentence, and the notebook as far as it ran."""

    def __init__(self, reason: str, message: Text | None = None, notebook: NotebookNode | None = None) -> None:
        self.reason, self.message, self.notebook = reason, message or REASONS[reason], notebook
        super().__init__(reason)


def failed(reason: str, message: Text | None = None) -> dict:
    """Return the outcome of a job that ended without a page, as plain data in both languages."""
    told = message or REASONS[reason]
    status = "withheld" if reason in WITHHELD else "failed"
    return {"status": status, "reason": reason, "message": {"zh": told.zh, "en": told.en}, "evidence": ""}


def words(entry: Mapping, lang: str) -> str:
    """Return why a job stands as it does, in the language asked now; nothing for a success."""
    told = entry.get("message") or {}
    reason = entry.get("reason", "")
    return told.get(lang, "") or (REASONS[reason].get(lang) if reason in REASONS else reason)


def io_words(error: OSError) -> Text:
    """Return what went wrong with a file; no path of the machine is named."""
    told = _ERRNO.get(error.errno or 0) or Text(*[error.strerror or type(error).__name__] * 2)
    return Text(f"写入失败：{told.zh}", f"writing failed: {told.en}")
