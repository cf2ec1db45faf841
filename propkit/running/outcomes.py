"""How a job can end: the closed list of reasons, each with its sentence.  Runs nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from propkit.text import Text

if TYPE_CHECKING:
    from nbformat import NotebookNode

REASONS: dict[str, Text] = {
    "kernel_start": Text("笔记本的内核没有启动", "the kernel of the notebook did not start"),
    "kernel_died": Text("笔记本的内核中途退出", "the kernel of the notebook died"),
    "timeout": Text("超过时限", "the time limit was exceeded"),
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


class Failure(Exception):
    """A job that did not end in a page: its `reason`, one sentence, and the notebook as far as it ran."""

    def __init__(self, reason: str, message: Text | str = "", notebook: NotebookNode | None = None) -> None:
        self.reason, self.message, self.notebook = reason, message or REASONS[reason], notebook
        super().__init__(reason)

    def words(self, lang: str) -> str:
        """Return the sentence in `lang`."""
        return self.message.get(lang) if isinstance(self.message, Text) else self.message
