"""The page for analysts over a report that failed: where, what was said, and the cell.  Never for owners."""

from __future__ import annotations

import re
from collections.abc import Mapping

from nbformat import NotebookNode

from propkit.reporting.display import HEADING, esc
from propkit.reporting.template import LANGUAGES, asset, policy
from propkit.text import Text

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_HEADS: dict[str, Text] = {
    "reason": Text("原因", "Reason"),
    "section": Text("停在", "Stopped in"),
    "step": Text("下一步", "Next"),
    "parameters": Text("参数", "Parameters"),
    "cell": Text("单元格", "Cell"),
    "trace": Text("出错信息", "Error"),
}
_TITLE = Text("没有生成：", "Not made: ")
_WARNING = Text(
    "仅供分析人员：出错信息里可能有数据，请勿转发。",
    "For analysts only: the error may hold data; do not pass it on.",
)


def failing(notebook: NotebookNode | None, begun: int | None) -> int | None:
    """Return the index of the cell in which a notebook stopped: the one with an error, else the last that began."""
    for index, cell in enumerate(notebook.cells if notebook is not None else []):
        if any(output.get("output_type") == "error" for output in cell.get("outputs", [])):
            return index
    return begun


def heading(notebook: NotebookNode | None, at: int | None) -> str:
    """Return the last heading before the cell at `at`."""
    found = ""
    for cell in notebook.cells[: (at or 0) + 1] if notebook is not None else []:
        if cell.cell_type == "markdown" and cell.source.lstrip().startswith("#"):
            found = cell.source.strip().splitlines()[0].lstrip("# ")
        for output in cell.get("outputs", []):
            found = str(output.get("data", {}).get(HEADING, found))
    return found


def render_failure(
    notebook: NotebookNode | None,
    begun: int | None,
    *,
    name: str,
    reason: str,
    message: str,
    step: str,
    parameters: Mapping[str, str],
    lang: str,
) -> str:
    """Return one self-contained page that says where and why a report stopped."""
    at = failing(notebook, begun)
    facts = {
        "reason": f"{message} ({reason})",
        "section": heading(notebook, at),
        "step": step,
        "parameters": " ".join(f"{key}={value}" for key, value in parameters.items()),
    }
    rows = "".join(
        f'<tr><th scope="row">{esc(_HEADS[key].get(lang))}</th><td>{esc(value)}</td></tr>'
        for key, value in facts.items()
        if value
    )
    main = f'<table class="pk-table">{rows}</table>{_cell(notebook, at, lang)}<p>{esc(_WARNING.get(lang))}</p>'
    return _page(_TITLE.get(lang) + name, main, lang)


def _cell(notebook: NotebookNode | None, at: int | None, lang: str) -> str:
    if notebook is None or at is None or at >= len(notebook.cells):
        return ""
    cell = notebook.cells[at]
    head = f"{_HEADS['cell'].get(lang)} {cell.get('execution_count') or at + 1}"
    text = f'<h2>{esc(head)}</h2><pre class="pk-out">{esc(cell.source)}</pre>'
    errors = [output for output in cell.get("outputs", []) if output.get("output_type") == "error"]
    if errors:
        trace = _COLOUR.sub("", "\n".join(errors[-1].get("traceback", [])))
        text += f'<h2>{esc(_HEADS["trace"].get(lang))}</h2><pre class="pk-out">{esc(trace[-20_000:])}</pre>'
    return text


def _page(title: str, main: str, lang: str) -> str:
    return f"""<!DOCTYPE html>
<html lang="{LANGUAGES[lang]}">
<head>
<meta http-equiv="Content-Security-Policy" content="{policy()}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{esc(title)}</title>
<link rel="icon" href="data:,">
<style>{asset("page.css")}</style>
</head>
<body>
<header><div class="in"><h1>{esc(title)}</h1></div></header>
<div class="frame"><main id="main">{main}</main></div>
</body>
</html>
"""
