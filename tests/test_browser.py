"""The notebooks as a person meets them: JupyterLab in a browser, Run All Cells, and what is then on the page."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from notebooks import NOTEBOOKS, PATHS, on_the_mock

GET_CHROMIUM = "no Chromium: apt install chromium (Debian), or playwright install chromium"
TOKEN = "for-the-tests"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab on copies of the notebooks; yields its address."""
    home = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, home / "notebooks", ignore=shutil.ignore_patterns(".*"))
    env = {name: value for name, value in os.environ.items() if not name.startswith(("REDIS_", "KAFKA_"))}
    env |= {f"JUPYTER_{kind}_DIR": str(home / kind) for kind in ("CONFIG", "RUNTIME", "DATA")}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", "--expose-app-in-browser"]
    command += ["--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={home}"]
    log = home / "log"
    with log.open("w") as output:
        process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT, cwd=home)
    try:
        yield _address(process, log), home
    finally:
        process.terminate()
        process.wait(20)


def _address(process: subprocess.Popen, log: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        found = re.search(r"http://127\.0\.0\.1:\d+", log.read_text())
        if found:
            try:
                urllib.request.urlopen(f"{found[0]}/api/status?token={TOKEN}", timeout=5).close()
                return found[0]
            except OSError:
                pass
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-3000:])


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no Playwright: pip install -r tests/requirements.txt"
    )
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip(GET_CHROMIUM)
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium):
    """A page that remembers every address that it asked for."""
    page = chromium.new_page(viewport={"width": 1280, "height": 1000})
    page.asked = []
    page.on("request", lambda request: page.asked.append(request.url))
    page.on("websocket", lambda websocket: page.asked.append(websocket.url))
    yield page
    page.close()


def open_notebook(page, address: str, name: str) -> None:
    page.goto(f"{address}/lab/tree/notebooks/{name}?token={TOKEN}&reset")
    page.wait_for_function(
        "name => window.jupyterapp?.shell.currentWidget?.context?.path === `notebooks/${name}`",
        arg=name,
        timeout=60_000,
    )
    page.wait_for_function(
        "() => jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", timeout=60_000
    )


def run_all(page) -> None:
    page.evaluate("() => jupyterapp.commands.execute('notebook:run-all-cells')")
    page.wait_for_function(
        """() => {
            const panel = jupyterapp.shell.currentWidget;
            const code = panel.content.widgets.filter(cell => cell.model.type === 'code');
            return code.every(cell => cell.model.executionCount !== null && cell.model.executionState !== 'running')
                && panel.sessionContext.session.kernel.status === 'idle';
        }""",
        timeout=120_000,
    )


OUTPUTS = """() => jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => cell.model.outputs.toJSON())"""


def shown(output: dict) -> tuple:
    """What of an output a person can see, however it was cut into messages."""
    data = {kind: value if kind != "image/png" else "a picture" for kind, value in output.get("data", {}).items()}
    texts = {kind: value if isinstance(value, str) else "".join(value) for kind, value in data.items()}
    return output["output_type"], output.get("name"), "".join(output.get("text", "")), texts, output.get("evalue")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name[:2])
def test_run_all_shows_what_is_stored(path, lab, page):
    address, _ = lab
    open_notebook(page, address, path.name)
    page.evaluate("() => jupyterapp.commands.execute('editmenu:clear-all')")
    run_all(page)
    stored = [cell for cell in on_the_mock(path)["cells"] if cell["cell_type"] == "code"]
    seen = page.evaluate(OUTPUTS)
    assert len(seen) == len(stored)
    for cell, outputs in zip(stored, seen, strict=True):
        if "nbval-ignore-output" not in cell["metadata"].get("tags", []):
            assert [shown(output) for output in outputs] == [shown(output) for output in cell["outputs"]]
    assert {urlsplit(url).hostname for url in page.asked if urlsplit(url).hostname} == {"127.0.0.1"}
    if any("image/png" in output.get("data", {}) for cell in stored for output in cell["outputs"]):
        assert page.evaluate(
            "() => [...document.querySelectorAll('.jp-OutputArea img')].every(i => i.naturalWidth > 300)"
        )


def test_solutions_are_folded_and_open_on_a_click(lab, page):
    address, _ = lab
    open_notebook(page, address, PATHS[1].name)
    details = page.locator("details").first
    details.scroll_into_view_if_needed()
    page.wait_for_timeout(2000)  # Lab puts the cells that came into view in their place.
    assert details.get_attribute("open") is None
    details.locator("summary").click()
    page.wait_for_function("() => document.querySelector('details').open", timeout=30_000)


def test_tab_completes_inside_a_redis_cell(lab, page):
    address, _ = lab
    open_notebook(page, address, PATHS[0].name)
    run_all(page)
    page.evaluate("() => jupyterapp.commands.execute('notebook:insert-cell-below')")
    page.evaluate("() => jupyterapp.commands.execute('notebook:enter-edit-mode')")
    source = "jupyterapp.shell.currentWidget.content.activeCell.model.sharedModel.getSource()"
    page.wait_for_function("() => document.activeElement.closest('.jp-Cell.jp-mod-active .cm-content')")
    page.keyboard.type("%%redis\nXREADG")
    page.wait_for_function(f"() => {source}.endsWith('XREADG')")
    page.keyboard.press("Tab")
    offered = page.locator(".jp-Completer-item")
    offered.first.wait_for(timeout=60_000)
    assert "XREADGROUP" in offered.first.inner_text() and offered.count() == 1
    page.keyboard.press("Enter")
    page.wait_for_function(f"() => {source}.includes('XREADGROUP')", timeout=30_000)


def test_an_error_of_connect_is_one_line(lab, page):
    """The refusal is read in the notebook itself: no traceback of forty lines."""
    address, home = lab
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "execution_count": None, "outputs": []}
    source = (
        "import os\nos.environ['REDIS_URL'] = 'redis://127.0.0.1:1'\nfrom helpers import connect\nconnect('orders')"
    )
    notebook = json.loads(PATHS[0].read_text(encoding="utf-8")) | {"cells": [{**cell, "source": source}]}
    (home / "notebooks" / "refused.ipynb").write_text(json.dumps(notebook))
    open_notebook(page, address, "refused.ipynb")
    run_all(page)
    [[output]] = page.evaluate(OUTPUTS)
    assert output["ename"] == "BackendError" and len(output["traceback"]) == 1
    assert output["traceback"][0].startswith("BackendError: redis://127.0.0.1:1 has no server listening")
