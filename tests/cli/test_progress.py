"""What is told while a batch runs: a view on a terminal, lines elsewhere."""

from __future__ import annotations

import json

import pytest

from propkit import console
from propkit.console import Console
from propkit.console_progress import progress
from propkit.running.batch import Progress

ENTRY = {
    "key": "internal/a/2025-09/r.zh", "community_name": "[red]银河[/red]", "period": "2025-09", "status": "failed",
    "reason": "oom", "message": {"zh": "", "en": ""}, "attempts": 1, "seconds": 2.0, "peak": 5, "output": None,
    "evidence": "",
}  # fmt: skip


def _told(say: Console) -> None:
    with progress(say, 1) as tell:
        tell(Progress(ENTRY, 0, 1, ended=False))
        tell(Progress(ENTRY, 1, 1))


def test_lines_say_the_reason_in_the_language_asked(capsys: pytest.CaptureFixture) -> None:
    _told(Console("zh"))
    assert capsys.readouterr().err == "1/1  失败  [red]银河[/red] 2025-09  2.0 s  oom 超过内存上限\n"
    _told(Console("en"))
    assert "oom the memory limit was exceeded" in capsys.readouterr().err


def test_json_lines_hold_the_code_and_both_languages(capsys: pytest.CaptureFixture) -> None:
    _told(Console("zh", as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert (told["event"], told["done"], told["reason"], told["message"]) == ("job", 1, "oom", ENTRY["message"])


def test_the_view_on_a_terminal_shows_names_as_text(
    capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "is_terminal", lambda: True)
    monkeypatch.setenv("TTY_INTERACTIVE", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    _told(Console("en"))
    shown = capsys.readouterr().err
    assert "[red]银河[/red]" in shown
    assert "failed 1" in shown
