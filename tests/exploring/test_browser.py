"""The explorer in a real JupyterLab on this machine, driven by an installed Chromium as an analyst would use it."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jupyter_client import BlockingKernelClient

from propkit.cli import program
from propkit.exploring import lab
from propkit.workspace import open_workspace
from tests.exploring.conftest import CANARY

ROOT = Path(__file__).parents[2]
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "msedge"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-sync"]
SILENT = '{"fetchNews": "false", "checkForUpdates": false}'
"""JupyterLab asks everybody once whether it may fetch news; here that is answered."""
PATIENCE = 180_000
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no Chromium, Chrome or Edge on this machine"),
]


@pytest.fixture(scope="module")
def workspace(place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(place, tmp_path_factory.mktemp("lab") / "工作区"))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where JupyterLab keeps what it would keep in somebody's home."""
    return tmp_path_factory.mktemp("jupyter")


@pytest.fixture(scope="module")
def address(workspace: Path, own: Path) -> Iterator[str]:
    """A JupyterLab started by the command of `propkit explore`, with settings of its own."""
    answered = own / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    answered.parent.mkdir(parents=True)
    answered.write_text(SILENT, "utf-8")
    opened = open_workspace(workspace)
    path, port = lab.notebook(opened, lab.EXPLORER), _free_port()
    command = [*lab.command(opened, path, port=port, browser=False), "--IdentityProvider.token=t", "--allow-root"]
    homes = {"JUPYTERLAB_SETTINGS_DIR": own / "settings", "JUPYTERLAB_WORKSPACES_DIR": own / "spaces",
             "JUPYTER_CONFIG_DIR": own / "config", "JUPYTER_RUNTIME_DIR": own / "runtime", "IPYTHONDIR": own / "ipython",
             "PYTHONPATH": ROOT}  # fmt: skip
    with (own / "log").open("w") as log:
        server = subprocess.Popen(command, env=os.environ | {name: str(one) for name, one in homes.items()},
                                  stdout=log, stderr=subprocess.STDOUT, cwd=workspace)  # fmt: skip
        try:
            _wait_for(port, server, own / "log")
            _start_kernel(f"http://127.0.0.1:{port}", own / "runtime")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture
def page(address: str) -> Iterator[Any]:
    """A page of the size of a small laptop, which fails the test when it asks anything of the network or logs an error."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as play:
        browser = play.chromium.launch(executable_path=BROWSER, args=FLAGS)
        context = browser.new_context(
            viewport={"width": 1366, "height": 768}, permissions=["clipboard-read", "clipboard-write"]
        )
        page, seen = context.new_page(), []
        page.set_default_timeout(PATIENCE)
        page.on("request", lambda one: seen.append(one.url))
        page.on("pageerror", lambda error: seen.append(f"error:{error}"))
        page.goto(f"{address}/lab/tree/notebooks/{lab.EXPLORER}?token=t&reset")
        yield page
        browser.close()
        abroad = [one for one in seen if not one.startswith((address, "data:", "blob:", address.replace("http", "ws")))]
        assert abroad == []


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _wait_for(port: int, server: subprocess.Popen, log: Path) -> None:
    for _ in range(600):
        assert server.poll() is None, log.read_text("utf-8")[-2000:]
        with socket.socket() as one:
            if one.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    raise AssertionError(log.read_text("utf-8")[-2000:])


def _start_kernel(address: str, runtime: Path) -> None:
    """Start the notebook's kernel and wait until it answers, before its page is opened.

    A page that starts a kernel itself connects to it twice; on a busy machine a request to run, or the widgets of its
    answer, may go to the connection that is given up.
    """
    asked = {
        "path": f"notebooks/{lab.EXPLORER}",
        "name": lab.EXPLORER,
        "type": "notebook",
        "kernel": {"name": "python3"},
    }
    body, headers = json.dumps(asked).encode(), {"Authorization": "token t", "Content-Type": "application/json"}
    request = urllib.request.Request(f"{address}/api/sessions", body, headers)
    with urllib.request.urlopen(request, timeout=PATIENCE / 1000) as answer:
        kernel = json.load(answer)["kernel"]["id"]
    client = BlockingKernelClient(connection_file=str(runtime / f"kernel-{kernel}.json"))
    client.load_connection_file()
    client.start_channels()
    client.kernel_info(reply=True, timeout=PATIENCE / 1000)
    client.stop_channels()


def _run_all(page: Any) -> None:
    """Run every cell; a page that was asked before its kernel and widgets were there may never show them: open it anew."""
    for attempt in range(4):
        if attempt:
            page.reload()
        page.wait_for_selector('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        page.locator(".lm-MenuBar-itemLabel", has_text="Run").click()
        page.get_by_text("Run All Cells", exact=True).click()
        if _seen(page, ".pk-code-line", 90_000):
            break
    page.wait_for_selector(".pk-code-line")
    page.wait_for_selector(".pk-view img")


def _seen(page: Any, selector: str, patience: int) -> bool:
    try:
        page.wait_for_selector(selector, timeout=patience)
    except pytest.importorskip("playwright.sync_api").TimeoutError:
        return False
    return True


def _code(page: Any) -> str:
    return page.locator(".pk-code-line").first.get_attribute("title")


def _choose(page: Any, label: str, option: str | list[str]) -> None:
    """Change a control and wait until code and view say so."""
    _changing(page, lambda: page.get_by_label(label, exact=True).select_option(option))


def _changing(page: Any, change: Any) -> None:
    before = _code(page)
    change()
    page.wait_for_function("was => document.querySelector('.pk-code-line').title != was", arg=before)
    page.wait_for_function(
        "() => document.querySelector('.pk-view .pk-code pre').textContent == document.querySelector('.pk-code-line').title"
    )


def _shown(page: Any) -> list[tuple[float, int]]:
    """Figure and cases of every group in the table of the first view, as they stand on the page."""
    cells = page.evaluate(
        """() => [...document.querySelector('.pk-view').querySelectorAll('tbody tr')].map(
             row => [...row.children].map(cell => cell.dataset.v))"""
    )
    return sorted((float(row[1]), int(float(row[3]))) for row in cells[1:] if row[1])


def _told(workspace: Path, kpi: str, place: str, period: str, *by: str) -> list[tuple[float, int]]:
    """What `propkit values` says of the same groups."""
    split = [part for name in by for part in ("--by", name)]
    ran = CliRunner().invoke(
        program("en"), ["values", kpi, "-c", place, "-p", period, *split, "--format", "json", "-w", str(workspace)]
    )
    assert ran.exit_code == 0, ran.output
    rows = [row for row in json.loads(ran.output) if row["value"] is not None]
    return sorted((float(f"{row['value'] * 100:.6g}"), row["n"]) for row in rows)


def _hiding(shown: list, told: list) -> bool:
    """Whether the page shows what the command tells, but for groups hidden so that others stay hidden."""
    return set(shown) <= set(told) and len(told) - len(shown) <= 1


def _run_copied(page: Any) -> None:
    """Copy the code with its button, paste it into the last cell and run it."""
    page.get_by_role("button", name="复制代码").click()
    page.wait_for_function("() => [...document.querySelectorAll('.pk-copy')].some(one => one.textContent == '已复制')")
    cell = page.locator(".jp-CodeCell").last
    cell.scroll_into_view_if_needed()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+A")
    page.keyboard.press("Control+V")
    page.keyboard.press("Shift+Enter")
    page.wait_for_function("() => document.querySelectorAll('.pk-view').length == 2")


def _views(page: Any) -> list[str]:
    return page.evaluate("() => [...document.querySelectorAll('.pk-view')].map(one => one.innerHTML)")


def test_the_notebook_runs_and_a_control_changes_its_figures(page: Any, workspace: Path):
    _run_all(page)
    _choose(page, "小区", ["银河湾"])
    _choose(page, "维度", "区域")

    assert _hiding(_shown(page), _told(workspace, "owner_satisfaction", "yinhe", "2025-09", "zone"))
    assert len(_shown(page)) >= 3

    _run_copied(page)
    assert _views(page)[0] == _views(page)[1]


@pytest.mark.slow
def test_every_control_the_rows_the_code_and_the_saved_notebook(page: Any, workspace: Path):
    _run_all(page)
    _choose(page, "小区", ["翠湖花园"])
    _choose(page, "维度", "区域")
    assert _hiding(_shown(page), _told(workspace, "owner_satisfaction", "cuihu", "2025-09", "zone"))

    _choose(page, "第二维度", "住户类型")
    both = [_told(workspace, "owner_satisfaction", "cuihu", "2025-09", by) for by in ("zone", "owner_type")]
    assert _hiding(_shown(page), sorted(both[0] + both[1]))

    _changing(page, lambda: page.get_by_label("两个维度交叉").check())
    assert _hiding(_shown(page), _told(workspace, "owner_satisfaction", "cuihu", "2025-09", "zone", "owner_type"))
    _changing(page, lambda: page.get_by_label("两个维度交叉").uncheck())
    _choose(page, "第二维度", "（无）")

    handle = page.locator(".widget-hslider .noUi-handle").first
    handle.focus()
    _changing(page, lambda: page.keyboard.press("ArrowLeft"))
    assert "2025-08..2025-09" in _code(page)
    _changing(page, lambda: page.keyboard.press("ArrowRight"))

    _choose(page, "比较", "与上一期相比")
    assert "2025年3月" in page.locator(".pk-view").first.inner_text()
    assert "西区：比2025年3月下降" in page.locator(".pk-view").first.inner_text()
    _choose(page, "比较", "与目标相比")
    assert "目标 ≥60%" in page.locator(".pk-view").first.inner_text()
    _choose(page, "主题", "问卷项目")
    _choose(page, "指标", "保洁服务")
    told = _told(workspace, "satisfaction_by_item", "cuihu", "2025-09", "item", "zone")
    assert set(_shown(page)) <= set(told) and len(_shown(page)) >= 3
    _choose(page, "比较", "与其余各组相比")

    _see_rows_as_text(page)
    _run_copied(page)
    first, second = _views(page)
    assert first == second

    _save_and_convert(page, workspace, first)


def _see_rows_as_text(page: Any) -> None:
    """The comments are on the screen as text: no markup of theirs is markup of the page."""
    title = page.title()
    page.get_by_label("分组", exact=True).select_option("东区")
    page.get_by_role("button", name="查看匿名记录").click()
    page.wait_for_selector(".pk-rows td")
    said = page.locator(".pk-rows").inner_text()
    assert f"{CANARY} 电梯太慢" in said
    assert "<script>" in said
    assert page.locator(".pk-rows b, .pk-rows script, .pk-view i").count() == 0
    assert page.title() == title
    assert "小区" not in page.get_by_label("分组", exact=True).locator("option").all_inner_texts()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 1366


def _save_and_convert(page: Any, workspace: Path, view: str) -> None:
    """What is saved holds the view and no comment, and nbconvert shows it without scripts or the network."""
    page.keyboard.press("Escape")
    page.keyboard.press("Control+S")
    path = workspace / "notebooks" / lab.EXPLORER
    for _ in range(100):
        saved = path.read_text("utf-8")
        if "保洁服务满意率" in saved:
            break
        time.sleep(0.2)
    assert "保洁服务满意率" in saved
    assert CANARY not in saved
    assert all(
        CANARY not in one.read_text("utf-8", errors="replace") for one in path.parent.rglob("*") if one.is_file()
    )
    subprocess.run(
        [sys.executable, "-m", "nbconvert", "--to", "html", str(path)], check=True, capture_output=True, timeout=300
    )
    html = path.with_suffix(".html").read_text("utf-8")
    assert CANARY not in html
    assert "data:image/svg+xml;base64," in html
    assert "unpkg.com" not in html or "widget-view+json" not in html
    assert "保洁服务满意率" in html
