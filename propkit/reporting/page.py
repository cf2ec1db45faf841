"""An executed notebook to one self-contained HTML file; the only place that knows nbconvert.

Nothing on the page asks for anything outside it, its one script is named by hash, and it reads in full without it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from nbconvert.exporters.templateexporter import TemplateExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbconvert.preprocessors.sanitize import SanitizeHTML
from nbformat import NotebookNode, v4
from traitlets import default

from propkit.reporting.display import HEADING, MIME, esc
from propkit.reporting.seal import EMPTY, sealed
from propkit.reporting.template import FOLDER, LANGUAGES, asset, policy
from propkit.text import Text

WIDGET = "application/vnd.jupyter.widget-view+json"
_SKIPPED_TAGS = {"hide", "remove_cell", "papermill-error-cell-tag"}
_EMPTY_LEAD = re.compile(r'<section class="lead">\s*</section>')
_TAG = re.compile(r"<[^>]+>")
_KEPT_TAGS = ["table", "caption", "thead", "tbody", "tfoot", "tr", "th", "td", "p", "b", "i", "em", "strong", "br"]
_KEPT_TAGS += ["ul", "ol", "li", "div", "span", "small", "sup", "sub", "h3", "h4"]
_RAW_STYLE = re.compile(r"<(style|script)\b.*?(</\1\s*>|$)", re.DOTALL | re.IGNORECASE)
_NOT_FOR_READERS = re.compile(r"^<.*>$|(?:/[\w.+-]+){2,}|[A-Za-z]:\\", re.DOTALL)
_WORDS: dict[str, Text] = {
    "skip": Text("跳到正文", "Skip to the text"),
    "contents": Text("目录", "Contents"),
    "home": Text("全部报告", "All reports"),
    "made": Text("由 propkit 生成", "Made with propkit"),
    "page": Text("本页指纹", "This page"),
}
_PROVENANCE: dict[str, Text] = {
    "as_of": Text("数据截至", "Data up to"),
    "data": Text("数据指纹", "Data"),
    "notebook": Text("笔记本指纹", "Notebook"),
    "parameters": Text("参数", "Parameters"),
    "version": Text("版本", "Version"),
    "run": Text("运行编号", "Run"),
}


def render(notebook: NotebookNode, *, title: str, lang: str, meta: Mapping[str, object]) -> str:
    """Return an executed notebook as one HTML file.

    `title` is the only first-level heading.  `meta` may hold kicker (line over the title), facts (short texts under
    it), home (relative address of the index) and the provenance of the foot: as_of, data, notebook, version, run,
    parameters (a mapping).  Other keys are ignored.  The same notebook and meta give the same bytes.
    """
    prepared, contents = _prepared(notebook)
    page = {
        "title": title,
        "language": LANGUAGES[lang],
        "words": {name: text.get(lang) for name, text in _WORDS.items()},
        "policy": policy(),
        "css": asset("page.css"),
        "js": asset("page.js"),
        "contents": contents,
        "kicker": meta.get("kicker", ""),
        "facts": list(meta.get("facts", ())),
        "home": _local(str(meta.get("home", ""))),
        "provenance": _provenance(meta, lang),
        "seal": EMPTY,
    }
    body, _ = _exporter().from_notebook_node(prepared, resources={"propkit": page})
    return sealed(re.sub(r"\n{2,}", "\n", _EMPTY_LEAD.sub("", body, count=1)))


def warm() -> None:
    """Compile the template and whatever else the first page would have to, without leaving anything behind."""
    bundle = {"text/html": "<table><tr><td>1</td></tr></table>", "text/markdown": "- *1*"}
    outputs = [v4.new_output("display_data", data={kind: text}) for kind, text in bundle.items()]
    cells = [v4.new_markdown_cell("## 1\n\n2", id="a"), v4.new_code_cell("", id="b", outputs=outputs)]
    render(v4.new_notebook(cells=cells), title="", lang="zh", meta={})


def markdown(source: str) -> str:
    """Return what a person wrote as HTML: raw tags are shown as text, outside addresses and pictures are left out."""
    return MarkdownWithMath(renderer=_Renderer([])).render(source)


def output_html(output: Mapping[str, object]) -> str:
    """Return one output of a cell for the page, in its best safe form.

    Warnings, prints, errors and widgets give nothing.
    Order: this package's own form, then nothing for widgets, then PNG, cleaned HTML, Markdown, plain text.
    """
    data = output.get("data") if output.get("output_type") in ("display_data", "execute_result") else None
    if not data or (WIDGET in data and MIME not in data):
        return ""
    for kind, form in _FORMS.items():
        if kind in data:
            return form(_joined(data[kind]))
    return ""


@dataclass
class _Headings:
    """The headings of a page as they are met: the title of the notebook goes, other first-level headings step down."""

    found: list[tuple[str, str]] = field(default_factory=list)
    titled: bool = False


class _Renderer(IPythonRenderer):
    """Markdown without raw HTML, foreign addresses, highlighting or diagrams."""

    def __init__(self, headings: _Headings | list) -> None:
        super().__init__(escape=True, allow_harmful_protocols=False, exclude_anchor_links=True)
        self._headings = headings if isinstance(headings, _Headings) else None

    def heading(self, text: str, level: int, **attrs: object) -> str:
        seen = self._headings
        if seen is not None and level == 1 and not seen.titled:
            seen.titled = True
            return ""
        level = max(level, 2)
        if seen is None or level > 2:
            return f"<h{max(level, 3)}>{text}</h{max(level, 3)}>\n"
        seen.found.append((f"s{len(seen.found) + 1}", _TAG.sub("", text)))
        return f'<h2 id="{seen.found[-1][0]}">{text}</h2>\n'

    def link(self, text: str, url: str, title: str | None = None) -> str:
        return f'<a href="{esc(url)}">{text}</a>' if _local(url) else text

    def image(self, text: str, url: str, title: str | None = None) -> str:
        return _TAG.sub("", text)

    def block_code(self, code: str, info: str | None = None) -> str:
        return f'<pre class="pk-out">{esc(code)}</pre>\n'

    def block_html(self, html: str) -> str:
        return f"<p>{esc(html.strip())}</p>\n"

    def inline_html(self, html: str) -> str:
        return esc(html)


def _prepared(notebook: NotebookNode) -> tuple[NotebookNode, list[tuple[str, str]]]:
    """Copy the notebook with its Markdown rendered and its sections marked; return it with the table of contents."""
    headings = _Headings()
    prepared = copy.copy(notebook)
    prepared.cells = [_cell(cell, headings) for cell in notebook.cells]
    return prepared, [(place, _unescape(words)) for place, words in headings.found]


def _cell(cell: NotebookNode, headings: _Headings) -> NotebookNode:
    prepared = copy.copy(cell)
    prepared.metadata = NotebookNode(propkit_skip=bool(_SKIPPED_TAGS & set(cell.metadata.get("tags", ()))))
    if prepared.metadata.propkit_skip:
        return prepared
    if cell.cell_type == "markdown":
        text = MarkdownWithMath(renderer=_Renderer(headings)).render(cell.source)
        prepared.metadata.propkit_html = _opened(text, headings) if text.lstrip().startswith("<h2") else text
    if cell.cell_type == "code":
        prepared.outputs = [_output(output, headings) for output in cell.outputs]
    return prepared


def _output(output: NotebookNode, headings: _Headings) -> NotebookNode:
    """Turn a heading shown by a code cell into the start of a section."""
    words = output.get("data", {}).get(HEADING)
    if not words:
        return output
    text = _Renderer(headings).heading(esc(_joined(words)), 2)
    return NotebookNode(output_type="display_data", data={MIME: _opened(text, headings)}, metadata={})


def _opened(text: str, headings: _Headings) -> str:
    """A section that begins with the second-level heading at the head of `text`."""
    place = re.search(r'id="(s\d+)"', text)[1]
    return f'</section>\n<section aria-labelledby="{place}">\n{text}'


def _unescape(words: str) -> str:
    """The words of a heading, which the template escapes again."""
    for entity, sign in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&#x27;", "'"), ("&amp;", "&")):
        words = words.replace(entity, sign)
    return words


def _local(url: str) -> str:
    """The address when it stays beside this page, else nothing."""
    return "" if re.match(r"\s*([a-z][a-z0-9+.-]*:|//|\\)", url, re.IGNORECASE) else url.strip()


def _provenance(meta: Mapping[str, object], lang: str) -> list[tuple[str, str, str]]:
    facts = []
    for name, label in _PROVENANCE.items():
        value = meta.get(name)
        if isinstance(value, Mapping):
            value = " ".join(f"{key}={item}" for key, item in value.items())
        if value:
            facts.append((name, label.get(lang), str(value)))
    return facts


class _Exporter(TemplateExporter):
    """Templates without nbconvert's HTML exporter, which parses every page again and writes its attributes anew.

    The language is written by our template, because nbconvert takes two-letter codes only and falls back to "en".
    """

    output_mimetype = "text/html"
    export_from_notebook = "HTML"

    @default("file_extension")
    def _file_extension_default(self) -> str:
        return ".html"

    @default("template_extension")
    def _template_extension_default(self) -> str:
        return ".html.j2"


@cache
def _exporter() -> _Exporter:
    """The one exporter of a process; making it costs more than a page."""
    exporter = _Exporter(
        template_name="propkit",
        extra_template_basedirs=[str(FOLDER)],
        exclude_input=True,
        preprocessors=[],
        default_preprocessors=[],
    )
    exporter.register_filter("propkit_output", output_html)
    return exporter


def _joined(value: object) -> str:
    return "".join(value) if isinstance(value, list) else str(value)


def _picture(data: str) -> str:
    return f'<p><img alt="图" src="data:image/png;base64,{re.sub(r"[^A-Za-z0-9+/=]", "", data)}"></p>'


@cache
def _cleaner() -> SanitizeHTML:
    return SanitizeHTML(tags=_KEPT_TAGS, attributes={"*": ["colspan", "rowspan", "scope"]}, strip=True)


def _foreign(data: str) -> str:
    """HTML of other libraries with every style, script, address and picture taken out."""
    return f'<div class="pk-out-html">{_cleaner().sanitize_html_tags(_RAW_STYLE.sub("", data))}</div>'


def _plain(data: str) -> str:
    """Plain text, but neither the name of an object nor anything with a path of the machine in it."""
    return "" if _NOT_FOR_READERS.search(data.strip()) else f'<pre class="pk-out">{esc(data)}</pre>'


_FORMS = {
    MIME: str,
    "image/png": _picture,
    "text/html": _foreign,
    "text/markdown": markdown,
    "text/plain": _plain,
}
