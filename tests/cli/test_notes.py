"""`propkit notes`: a new file with suggestions, never over an old one, and what is amiss in those that are there."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from PIL import Image

from propkit import domains
from propkit.errors import ConfigError
from propkit.model import Note
from propkit.reporting import notes, skeleton
from propkit.running import plan
from propkit.text import Text
from propkit.workspace import Workspace

Call = Callable
NAME = "notes/yinhe/2025-09.md"
HEAD = "---\nauthor: 张三\ndate: 2025-10-08\n---\n"


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Items of the frame, which only a person can fill, in a room of their own."""
    room = domains.improvement
    frame = [Note("next_period_plan", Text("下期计划", "Plan")), Note("highlights", Text("亮点", "Highlights")),
             Note("issue_list", Text("问题", "Problems")), Note("root_cause", Text("根因", "Causes"))]  # fmt: skip
    monkeypatch.setattr(room, "NOTES", frame)
    for one in frame:
        monkeypatch.setitem(domains.NOTES, one.id, one)


def written(workspace: Workspace, text: str, name: str = NAME) -> None:
    path = workspace.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def test_init_writes_headings_in_a_readers_order_with_suggestions(
    call: Call, workspace: Workspace, plans: None
) -> None:
    with (workspace.root / "propkit.toml").open("a", encoding="utf-8") as settings:
        settings.write('[[target]]\nkpi = "repair_completion_rate"\nvalue = 1\n')

    done = call("notes", "init", "银河小区", "2025-09")

    assert done.exit_code == 0, done.output
    text = (workspace.root / NAME).read_text("utf-8")
    ids = [line.rpartition("（")[2].rstrip("）") for line in text.splitlines() if line.startswith("## ")]
    named = ["highlights", "sla_breach_reasons", "issue_list", "root_cause", "next_period_plan"]
    assert [one for one in ids if one in named] == named
    assert text.index("亮点候选") > text.index("## 亮点") and "修复率" in text and "达标" in text
    assert "「门窗」2/3" in text and "本期：" in text
    read = notes.parse(text, NAME)
    assert (read.sections, read.images, {problem.kind for problem in read.problems}) == ((), (), {"unsigned"})


def test_init_never_overwrites(call: Call, workspace: Workspace) -> None:
    written(workspace, "mine")
    done = call("notes", "init", "yinhe", "2025-09")
    assert done.exit_code == 2 and "there already" in done.output and NAME in done.output
    assert (workspace.root / NAME).read_text("utf-8") == "mine"


def test_init_keeps_to_the_rooms_of_a_report_and_works_without_data(
    call: Call, workspace: Workspace, plans: None
) -> None:
    done = call("notes", "init", "yinhe", "2024-01", "--report", "monthly_review")
    assert done.exit_code == 0 and "nothing to suggest" in done.output
    text = (workspace.root / "notes/yinhe/2024-01.md").read_text("utf-8")
    assert "sla_breach_reasons" in text and "highlights" not in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("init",), "missing"),
        (("init", "yinhe"), "missing"),
        (("init", "yinghe", "2025-09"), "did you mean 'yinhe'"),
        (("init", "yinhe,guangming", "2025-09"), "one community"),
        (("init", "yinhe", "2025-9"), "unreadable"),
        (("init", "yinhe", "../x"), "unreadable"),
        (("init", "yinhe", "2025Q3", "--report", "monthly_review"), "another kind of period"),
        (("init", "yinhe", "2025-09", "--report", "monthly_reviw"), "did you mean 'monthly_review'"),
    ],
)
def test_a_wrong_name_ends_with_2_and_writes_nothing(
    call: Call, workspace: Workspace, arguments: tuple[str, ...], said: str
) -> None:
    done = call("notes", *arguments)
    assert done.exit_code == 2 and said in done.output
    assert not (workspace.root / "notes").exists()


def test_check_lists_what_is_amiss(call: Call, workspace: Workspace, plans: None) -> None:
    out = io.BytesIO()
    Image.new("RGB", (4, 4)).save(out, "PNG")
    (workspace.root / "photos").mkdir()
    (workspace.root / "photos" / "a.png").write_bytes(out.getvalue())
    written(workspace, HEAD + "## Highlights\n![a](photos/a.png)\n![b](photos/b.png)\n## Highlihts\nx\n")
    written(workspace, "---\nautor: x\n---\n", "notes/guangming/2025-09.md")
    written(workspace, "x", "notes/guangming/Sept.md")
    written(workspace, "x", "notes/nowhere/2025-09.md")

    done = call("notes", "check", "--json")

    found = {(one["file"], one["line"], one["kind"]): one["text"] for one in json.loads(done.output)["findings"]}
    assert done.exit_code == 1
    assert "photos/b.png" in found[NAME, 7, "photo"] and "Highlights" not in found[NAME, 0, "missing"]
    assert "highlights" in found[NAME, 8, "unknown_heading"] and "Late orders" in found[NAME, 0, "missing"]
    assert "did you mean 'author'" in found["notes/guangming/2025-09.md", 0, "unreadable"]
    assert {file for file, _, kind in found if kind == "never_read"} == {
        "notes/guangming/Sept.md", "notes/nowhere/2025-09.md"
    }  # fmt: skip
    assert "unknown heading" in call("notes", "check").output


def test_check_is_content_when_only_words_are_missing(call: Call, workspace: Workspace) -> None:
    assert call("notes", "check").exit_code == 0
    written(workspace, HEAD)
    done = call("notes", "check", "--report", "monthly_review")
    assert done.exit_code == 0 and "Late orders" in done.output


def test_a_suggestion_cannot_end_its_comment() -> None:
    text = skeleton._comment("a --> ## b <!-- c")
    assert notes.parse(text, NAME).sections == ()


def test_a_page_is_made_anew_when_its_notes_or_photos_change(workspace: Workspace) -> None:
    job = plan.Job("monthly_review", "yinhe", "2025-09", "internal", "zh", "2025-10-08 23:59:59")
    keys = [plan.inputs(workspace, job)]
    written(workspace, HEAD + "![a](photos/a.png)")
    keys.append(plan.inputs(workspace, job))
    (workspace.root / "photos").mkdir()
    (workspace.root / "photos" / "a.png").write_bytes(b"one")
    keys.append(plan.inputs(workspace, job))
    assert len(set(keys)) == 3
    written(workspace, HEAD, "notes/yinhe/2025-08.md")
    assert plan.inputs(workspace, job) == keys[-1]


def test_a_report_fails_with_the_line_of_a_broken_notes_file(call: Call, workspace: Workspace) -> None:
    from propkit.reporting.book import open_book

    written(workspace, "---\nautor: x\n---\n")
    with pytest.raises(ConfigError, match=f"at: {NAME}:2"):
        open_book("monthly_review", workspace=workspace.root, community="yinhe", period="2025-09")
    ran = call("run", "-c", "yinhe", "-p", "2025-09", "-j", "1", "--report-lang", "zh", lang="zh")
    assert ran.exit_code == 1 and "Traceback" not in ran.output
    assert f"不认识的设置「autor」; 位置: {NAME}:2; 办法: 是不是「author」？" in ran.output
