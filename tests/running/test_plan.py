"""The jobs of a run and the checks before anything starts: no kernel is started here."""

from __future__ import annotations

import pandas as pd
import pytest

from propkit.errors import ConfigError, Faults
from propkit.running import plan
from propkit.workspace import Workspace, open_workspace

from .conftest import PARAMETERS, Write

AS_OF = pd.Timestamp("2025-10-08 23:59:59")
MONTHLY = plan.REPORTS["monthly_review"]


def _jobs(workspace: Workspace, **asked: object) -> list[plan.Job]:
    given = {"reports": ["monthly_review"], "communities": [], "asked": []} | asked
    return plan.jobs(workspace, as_of=AS_OF, **given)


def test_jobs_default_to_every_community_and_the_last_ended_month(workspace: Workspace) -> None:
    assert [job.key for job in _jobs(workspace, reports=[])] == [
        "internal/yinhe/2025-09/monthly_review.zh",
        "internal/guangming/2025-09/monthly_review.zh",
        "internal/all/2025-09/portfolio.zh",
    ]


def test_a_report_over_all_communities_is_made_for_named_ones_only_when_it_is_asked_for(workspace: Workspace) -> None:
    asked = {"communities": ["yinhe"]}
    assert [job.key for job in _jobs(workspace, reports=[], **asked)] == ["internal/yinhe/2025-09/monthly_review.zh"]
    assert [job.key for job in _jobs(workspace, reports=["portfolio"], **asked)] == [
        "internal/all/2025-09/portfolio.zh"
    ]


def test_last_month_is_the_one_that_ended_with_the_cutoff() -> None:
    assert plan.last_month(pd.Timestamp("2025-09-30 23:59:59")).id == "2025-09"
    assert plan.last_month(pd.Timestamp("2025-09-30 23:59:58")).id == "2025-08"


def test_a_monthly_report_takes_every_month_of_a_longer_period() -> None:
    assert plan.periods(["2025Q3", "2025-09"], MONTHLY, AS_OF) == ["2025-07", "2025-08", "2025-09"]


def test_a_window_has_a_page_of_its_own(workspace: Workspace) -> None:
    jobs = _jobs(workspace, reports=["rectification"], communities=["yinhe"], asked=["2025-04..2025-09"])
    assert [job.page for job in jobs] == ["internal/yinhe/2025-04..2025-09/rectification.zh.html"]


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ({"communities": ["yinghe"]}, "yinhe"),
        ({"reports": ["monthly_reviw"]}, "monthly_review"),
        ({"edition": "ownr"}, "owner"),
        ({"lang": "zhh"}, "zh"),
        ({"asked": ["2025-9"]}, "2025-09"),
        ({"asked": ["2025-09-20"]}, "month"),
    ],
)
def test_a_wrong_name_is_refused_with_what_is_meant(workspace: Workspace, asked: dict, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        _jobs(workspace, **asked)


def test_a_misspelt_parameter_is_refused_both_ways(workspace: Workspace, notebook: Write) -> None:
    notebook(parameters=PARAMETERS.replace("community", "comunity"))
    with pytest.raises(Faults) as caught:
        _jobs(workspace)
    assert "did you mean 'community'" in caught.value.render("en")
    assert "是不是「comunity」" in caught.value.render("zh")


def test_a_missing_parameter_is_refused(workspace: Workspace, notebook: Write) -> None:
    notebook(parameters=PARAMETERS.replace('as_of = ""\n', ""))
    with pytest.raises(ConfigError, match="lacks the parameter 'as_of'"):
        _jobs(workspace)


def test_an_untagged_parameters_cell_is_refused(workspace: Workspace, notebook: Write) -> None:
    notebook(tags=())
    with pytest.raises(ConfigError, match="exactly one cell must carry the tag"):
        _jobs(workspace)


def test_a_broken_notebook_is_refused(workspace: Workspace) -> None:
    (workspace.root / "notebooks").mkdir()
    (workspace.root / "notebooks" / "monthly_review.ipynb").write_text("{", "utf-8")
    with pytest.raises(ConfigError, match="unreadable"):
        _jobs(workspace)


def test_every_report_of_the_catalogue_has_a_notebook_with_its_parameters(workspace: Workspace) -> None:
    for report in plan.REPORTS.values():
        plan.check_notebook(plan.notebook_path(workspace, report), report)


def test_the_inputs_follow_all_that_a_page_depends_on(workspace: Workspace, notebook: Write) -> None:
    notebook("1")
    job, other = _jobs(workspace)
    seen = [plan.inputs(workspace, job), plan.inputs(workspace, other)]
    seen.append(plan.inputs(workspace, _jobs(workspace, edition="owner")[0]))
    notebook("2")
    seen.append(plan.inputs(workspace, job))
    notes = workspace.root / "notes" / "yinhe" / "2025-09.md"
    notes.parent.mkdir(parents=True)
    notes.write_text("# 说明", "utf-8")
    seen.append(plan.inputs(workspace, job))
    (workspace.store / "rows" / "work_order" / "yinhe.parquet").unlink()
    seen.append(plan.inputs(workspace, job))
    settings = workspace.root / "propkit.toml"
    settings.write_text(settings.read_text("utf-8") + "\n[privacy]\nmin_n = 12\n", "utf-8")
    seen.append(plan.inputs(open_workspace(workspace.root), job))
    assert len(set(seen)) == len(seen)


def test_the_inputs_do_not_follow_the_place_of_the_workspace(workspace: Workspace, notebook: Write) -> None:
    notebook("1")
    job = _jobs(workspace)[0]
    before = plan.inputs(workspace, job)
    moved = workspace.root.rename(workspace.root.with_name("moved"))
    assert plan.inputs(open_workspace(moved), job) == before


def test_parameters_are_texts(workspace: Workspace) -> None:
    assert all(type(value) is str for value in plan.parameters(workspace, _jobs(workspace)[0]).values())


def test_a_notebook_is_opened_again_only_when_it_is_not_the_one_jobs_were_planned_from(
    workspace: Workspace, notebook: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook("1")
    before = {job.key: {"inputs": plan.inputs(workspace, job)} for job in _jobs(workspace)[1:]}
    opened: list[str] = []
    monkeypatch.setattr(plan, "check_notebook", lambda path, report: opened.append(report.id))

    assert len(_jobs(workspace, before=before)) == 2
    assert opened == []
    notebook("2")
    _jobs(workspace, before=before)
    assert opened == ["monthly_review"]
