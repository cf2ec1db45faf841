"""Why a whole file is refused: one code and one sentence for each reason.  Refuses nothing itself."""

from __future__ import annotations

from propkit.errors import DataError
from propkit.text import Text

REASONS: dict[str, Text] = {
    "no_access": Text("文件打不开", "the file cannot be opened"),
    "empty": Text("文件为空", "the file is empty"),
    "locked": Text("这是 Excel 的锁定文件，不是数据", "this is a lock file of Excel, not data"),
    "unfinished": Text("文件不完整，可能仍在写入", "the file is incomplete, perhaps still being written"),
    "encrypted": Text("文件有密码保护", "the file is protected by a password"),
    "html": Text(
        "这是另存为 .xls 的网页（HTML），不是工作簿", "this is a web page (HTML) saved as .xls, not a workbook"
    ),
    "wrong_kind": Text("不支持这种文件", "this kind of file is not supported"),
    "too_large": Text("文件超出大小限制", "the file exceeds the size limits"),
    "far_cell": Text("表格范围过大", "the sheet spans too many cells"),
    "doctype": Text("工作簿含有不允许的 DOCTYPE", "the workbook holds a DOCTYPE, which is not allowed"),
    "broken": Text("工作簿已损坏", "the workbook is damaged"),
    "crashed": Text("读取工作簿的进程崩溃", "the process that read the workbook crashed"),
    "too_slow": Text("读取工作簿超时", "reading the workbook took too long"),
    "no_memory": Text("读取工作簿超出内存限制", "reading the workbook exceeded the memory limit"),
    "encoding": Text("无法确定文字编码", "the text encoding cannot be told"),
    "nul_bytes": Text("文件含有 NUL 字节", "the file holds NUL bytes"),
    "quotes": Text("引号不成对", "the quotes do not pair"),
    "width": Text("某行的列数与表头不同", "a line has not as many cells as the header"),
    "missing_headers": Text("找不到需要的表头", "headers that are needed were not found"),
    "several_sheets": Text("有多个工作表都符合", "several sheets fit"),
    "no_sheet": Text("没有这个工作表", "there is no such sheet"),
    "no_community": Text("不知道数据属于哪个小区", "it is not known which community the data belong to"),
}


class Refusal(DataError):
    """A file that was refused as a whole; `code` is one of `REASONS`."""

    def __init__(
        self,
        code: str,
        file: str,
        *,
        line: int | None = None,
        got: object = "",
        expected: Text | str = "",
        hint: Text | str = "",
    ) -> None:
        self.code, self.file, self.line = code, file, line
        reason = REASONS[code]
        place = file if line is None else f"{file}:{line}"
        what = Text(f"{file}：{reason.zh}（{code}）", f"{file}: {reason.en} ({code})")
        super().__init__(what, place=place, got=got, expected=expected, hint=hint)
