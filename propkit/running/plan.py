"""Reports times communities times periods: the jobs, with every parameter checked before anything starts.

Starts nothing and writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import pandas as pd

from propkit import store
from propkit.errors import ConfigError, Faults, PropkitError, nearest
from propkit.files import package_hash
from propkit.model import Report
from propkit.periods import Period, parse_period
from propkit.reporting import notes
from propkit.text import LANGS, Text
from propkit.workspace import SETTINGS_FILE, Workspace

EDITIONS = ("internal", "owner")
WHOLE = "all"
"""The community of a report over all communities."""

REPORTS: dict[str, Report] = {
    report.id: report
    for report in (
        Report(
            id="monthly_review",
            label=Text("月度复盘", "Monthly review"),
            notebook="monthly_review.ipynb",
            period="month",
            domains=("community", "repairs", "complaints", "satisfaction", "fees"),
        ),
        Report(
            "annual_summary", Text("年度/季度总结", "Annual or quarterly summary"), "annual_summary.ipynb", "year", ()
        ),
        Report("service_day", Text("服务日简报", "Service day briefing"), "service_day.ipynb", "day", ()),
        Report("rectification", Text("整顿前后对比", "Rectification"), "rectification.ipynb", "window", ()),
        Report("portfolio", Text("各小区对照", "Portfolio"), "portfolio.ipynb", "month", ()),
        Report("security_summary", Text("秩序部总结", "Security summary"), "security_summary.ipynb", "year", ()),
    )
}

_PERIOD_NAMES = {"month": "month", "quarter": "period", "year": "period", "window": "period", "day": "day"}
_SAFE_KEY = re.compile(r"[a-z0-9_-]+(/[A-Za-z0-9._-]+){3}")


@dataclass(frozen=True, slots=True)
class Job:
    """One page to be: a report for a community and period, in one edition and language, as known at `as_of`.

    `asked_as_of` is the cut-off that a person named, "" where it follows from the data.
    """

    report: str
    community: str
    period: str
    edition: str
    lang: str
    as_of: str
    asked_as_of: str = ""

    @property
    def key(self) -> str:
        """The permanent id of the page: also its place under reports/, without the ending."""
        return f"{self.edition}/{self.community}/{self.period}/{self.report}.{self.lang}"

    @property
    def page(self) -> str:
        """Where the page lies under reports/."""
        return f"{self.key}.html"

    @property
    def folder(self) -> str:
        """A name for the job's private folder."""
        return self.key.replace("/", "_")


def names(workspace: Workspace) -> dict[str, str]:
    """Return the names of all places that a report may be about, the whole company among them."""
    whole = workspace.settings.workspace.name or "全部小区"
    return store.communities(workspace) | {WHOLE: whole}


def find_report(name: str) -> Report:
    """Return a report by its id; an unknown id is a ConfigError with the nearest one."""
    if name not in REPORTS:
        raise ConfigError(
            Text("没有这种报告", "no such report"), got=name, expected=", ".join(REPORTS), hint=nearest(name, REPORTS)
        )
    return REPORTS[name]


def period_parameter(report: Report) -> str:
    """Return the name under which a report's notebook takes its period."""
    return _PERIOD_NAMES[report.period]


def parameters(workspace: Workspace, job: Job) -> dict[str, str]:
    """Return what the notebook is given: texts only, under fixed names."""
    return {
        "workspace": str(workspace.root),
        "community": job.community,
        period_parameter(find_report(job.report)): job.period,
        "as_of": job.as_of,
        "edition": job.edition,
        "lang": job.lang,
    }


def notebook_path(workspace: Workspace, report: Report) -> Path:
    """Return the notebook of a report: the workspace's own, the one installed with the package, or the repository's."""
    package = Path(str(resources.files("propkit")))
    places = (workspace.root / "notebooks", package / "notebooks", package.parent / "notebooks")
    for place in places:
        if (place / report.notebook).is_file():
            return place / report.notebook
    raise ConfigError(
        Text("找不到报告的笔记本", "the notebook of the report was not found"),
        got=report.notebook,
        expected=Text(
            "工作区的 notebooks/ 或重新安装 propkit", "notebooks/ of the workspace, or propkit installed anew"
        ),
    )


def check_notebook(path: Path, report: Report) -> None:
    """Compare the notebook's tagged parameters with the declared ones, both ways; raises ConfigError or Faults."""
    wanted = {"workspace", "community", period_parameter(report), "as_of", "edition", "lang"}
    found = _declared(path)
    faults = [*(_surplus(name, wanted, path) for name in sorted(found - wanted))]
    faults += [_absent(name, found - wanted, path) for name in sorted(wanted - found)]
    if len(faults) > 1:
        raise Faults(faults)
    if faults:
        raise faults[0]


def periods(texts: Iterable[str], report: Report, as_of: pd.Timestamp) -> list[str]:
    """Return the periods of one report: of a monthly one every month asked for; default the last ended month."""
    asked = [parse_period(text, _after(as_of)) for text in texts or ["last-month"]]
    if report.period == "month":
        return list(dict.fromkeys(month for period in asked for month in _months(period, report)))
    return list(dict.fromkeys(_of_kind(period, report).id for period in asked))


def last_month(as_of: pd.Timestamp) -> Period:
    """Return the last month that had ended by `as_of`."""
    return parse_period("last-month", _after(as_of))


def jobs(
    workspace: Workspace,
    reports: Sequence[str],
    communities: Sequence[str],
    asked: Sequence[str],
    *,
    as_of: pd.Timestamp,
    asked_as_of: str | None = None,
    edition: str = "internal",
    lang: str = "zh",
    before: Mapping[str, Mapping] | None = None,
) -> list[Job]:
    """Return the jobs in a fixed order; empty `reports`, `communities` or `asked` mean every monthly one, all and the last month.

    `before` are the entries of earlier jobs by key: a notebook that one was planned from, with the same code, was checked then.
    Raises ConfigError for an unknown report, community, edition or language, an unreadable period, or a notebook whose
    parameters are not the declared ones.
    """
    _one_of("edition", edition, EDITIONS)
    _one_of("lang", lang, LANGS)
    chosen = [find_report(name) for name in reports] or _usual(communities)
    places = [store.check_community(workspace, name) for name in communities] or list(store.communities(workspace))
    named = {report.id: [WHOLE] if report.id == "portfolio" else places for report in chosen}
    found, before, known = [], before or {}, Inputs(workspace)
    for report in chosen:
        path = notebook_path(workspace, report)
        ours = [
            _checked(Job(report.id, place, period, edition, lang, str(as_of), asked_as_of or ""))
            for period in periods(asked, report, as_of)
            for place in dict.fromkeys(named[report.id])
        ]
        if not any(job.key in before and before[job.key]["inputs"] == known.of(job) for job in ours):
            check_notebook(path, report)
        found += ours
    return found


class Inputs:
    """Hashes of what pages depend on; whatever many jobs share is read once.  For one look at the workspace only."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._shared: dict[tuple[str, str], str] = {}

    def of(self, job: Job) -> str:
        """Return a hash over everything the page depends on: notebook, code, parameters, data, settings, notes and photos."""
        workspace = self._workspace
        named = {name: value for name, value in parameters(workspace, job).items() if name != "workspace"}
        parts = {
            "notebook": self._once("notebook", job.report, lambda: notebook_hash(workspace, find_report(job.report))),
            "code": package_hash(),
            "parameters": named,
            "data": self._once("data", job.community, lambda: _fingerprint(workspace, job.community)),
            "settings": self._once("settings", "", lambda: _sha(workspace.root / SETTINGS_FILE)),
            "notes": notes.fingerprint(workspace, job.community, job.period),
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _once(self, kind: str, name: str, make: Callable[[], str]) -> str:
        if (kind, name) not in self._shared:
            self._shared[kind, name] = make()
        return self._shared[kind, name]


def inputs(workspace: Workspace, job: Job) -> str:
    """Return the hash of one job's inputs."""
    return Inputs(workspace).of(job)


def shard(jobs: Sequence[Job], at: int, count: int) -> list[Job]:
    """Return part `at` (from 1) of `count` parts of the jobs: disjoint, together all, each with its share of communities."""
    return list(jobs[at - 1 :: count])


def _usual(communities: Sequence[str]) -> list[Report]:
    """The monthly reports; the one over all communities only where no community is named."""
    return [one for one in REPORTS.values() if one.period == "month" and not (communities and one.id == "portfolio")]


def _fingerprint(workspace: Workspace, community: str) -> str:
    places = list(store.communities(workspace)) if community == WHOLE else [community]
    return " ".join(store.fingerprint(workspace, place) for place in places)


def notebook_hash(workspace: Workspace, report: Report) -> str:
    """Return the hash of a report's notebook."""
    return _sha(notebook_path(workspace, report))


def _sha(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _after(as_of: pd.Timestamp) -> pd.Timestamp:
    """A cut-off at the last second of a month leaves that month ended."""
    return as_of + pd.Timedelta(seconds=1)


def _months(period: Period, report: Report) -> list[str]:
    return [_of_kind(period, report).id] if period.kind == "day" else period.months


def _of_kind(period: Period, report: Report) -> Period:
    allowed = ("quarter", "year", "window") if report.period in ("quarter", "year") else (report.period,)
    if period.kind not in allowed:
        raise ConfigError(
            Text(f"报告「{report.id}」的期间种类不对", f"report '{report.id}' takes another kind of period"),
            got=period.id,
            expected=", ".join(allowed),
        )
    return period


def _one_of(name: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ConfigError(
            Text(f"参数 {name} 不对", f"parameter {name} is wrong"),
            got=value,
            expected=", ".join(allowed),
            hint=nearest(value, allowed),
        )


def _checked(job: Job) -> Job:
    if not _SAFE_KEY.fullmatch(job.key) or {".", ".."} & set(job.key.split("/")):  # a window's name holds ".." itself
        raise ConfigError(Text("不能用作文件名", "not usable as a file name"), got=job.key)
    return job


def _declared(path: Path) -> set[str]:
    """Return the parameter names in the notebook's tagged cell, as papermill will find them."""
    from propkit.running import light

    light.spare_grammar()
    import nbformat
    from papermill import inspect_notebook

    try:
        notebook = nbformat.read(path, as_version=4)
    except (ValueError, OSError, nbformat.ValidationError):
        raise ConfigError(Text("笔记本读不出来", "the notebook is unreadable"), place=path.name) from None
    tags = [tag for cell in notebook.cells for tag in cell.metadata.get("tags", [])]
    if tags.count("parameters") != 1:
        raise ConfigError(
            Text("笔记本要有且只有一个带 parameters 标签的单元格", "exactly one cell must carry the tag 'parameters'"),
            place=path.name,
            got=tags.count("parameters"),
            expected=1,
        )
    notebook.metadata.setdefault("kernelspec", {"name": "python3", "language": "python"})  # ours, whatever is named
    return set(inspect_notebook(notebook))


def _surplus(name: str, wanted: set[str], path: Path) -> PropkitError:
    return ConfigError(
        Text(
            f"笔记本的参数「{name}」不是这种报告的参数",
            f"parameter '{name}' of the notebook is not one of the report's",
        ),
        place=path.name,
        expected=", ".join(sorted(wanted)),
        hint=nearest(name, wanted),
    )


def _absent(name: str, others: set[str], path: Path) -> PropkitError:
    return ConfigError(
        Text(f"笔记本缺少参数「{name}」", f"the notebook lacks the parameter '{name}'"),
        place=path.name,
        hint=nearest(name, others),
    )
