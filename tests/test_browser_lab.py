"""The lab of notebook 04 as a person does it: four terminals of JupyterLab beside the notebook, and then its check."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable

import pytest
from conftest import need_server
from test_browser import OUTPUTS, chromium, lab, open_notebook, page, run_all

from notebooks import NOTEBOOKS

__all__ = ["chromium", "lab", "page"]  # fixtures of the other browser tests

NOTEBOOK = NOTEBOOKS / "04_four_terminals.ipynb"
ID = r'1\) 1\) "(\d{13}-\d+)"'  # as XREADGROUP's reply shows an entry's

SCREEN = """id => {
    const terminal = [...jupyterapp.shell.widgets('main')].find(widget => widget.id === id).content;
    const buffer = terminal._term?.buffer.active;  // There is none before the terminal's code has come.
    const lines = Array.from({length: buffer?.length ?? 0}, (_, n) => buffer.getLine(n));
    return lines.map(line => (line.isWrapped ? '' : '\\n') + line.translateToString(true)).join('').trimEnd();
}"""


class Terminal:
    """One terminal tab: what is typed into it, and what it shows."""

    def __init__(self, page, mode: str, neighbour: str) -> None:
        self.page = page
        self.id = page.evaluate(
            """async ([mode, ref]) => {
                const widget = await jupyterapp.commands.execute('terminal:create-new');
                jupyterapp.shell.add(widget, 'main', {ref, mode});
                return widget.id;
            }""",
            [mode, neighbour],
        )
        page.wait_for_function(f"id => ({SCREEN})(id).length > 1", arg=self.id, timeout=30_000)  # the shell's prompt

    def type(self, line: str, answer: str) -> re.Match:
        """Types a line and waits until `answer` matches what is shown after it."""
        before = len(self.shows())
        self.page.evaluate("id => jupyterapp.shell.activateById(id)", self.id)
        self.page.locator(f"[id='{self.id}'] .xterm-helper-textarea").focus()
        self.page.keyboard.type(line + "\n")
        return self._until(lambda: re.search(answer, self.shows()[before:]))

    def shows(self) -> str:
        return self.page.evaluate(SCREEN, self.id)

    def _until(self, found: Callable[[], re.Match | None]) -> re.Match:
        for _ in range(300):
            if match := found():
                return match
            self.page.wait_for_timeout(100)
        raise AssertionError(self.shows())


@pytest.fixture(params=["simulator", "local"])
def beside(request, lab, page):
    """The notebook, run from top to bottom on the back end, and the function that runs its terminals' check."""
    if request.param == "local":
        need_server("redis")
    address, home = lab
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    if request.param == "local":  # As 00 shows it for one notebook: a cell above the one with connect().
        choose = {"cell_type": "code", "id": "choose", "metadata": {}, "execution_count": None, "outputs": []}
        choose["source"] = "import os\nos.environ['REDIS_URL'] = 'local'"
        notebook["cells"].insert(0, choose)
    name = f"lab_{request.param}.ipynb"
    (home / "notebooks" / name).write_text(json.dumps(notebook))
    page.set_viewport_size({"width": 1600, "height": 1000})
    open_notebook(page, address, name)
    run_all(page)
    panel = page.evaluate("() => jupyterapp.shell.currentWidget.id")

    def check() -> str:
        page.evaluate("id => jupyterapp.shell.activateById(id)", panel)
        at = page.evaluate(
            """async () => {
                const {content} = jupyterapp.shell.currentWidget;
                const cells = content.widgets.filter(cell => cell.model.type === 'code');
                const at = cells.findIndex(c => c.model.sharedModel.getSource() === 'check_stream("4.0", r, "orders")');
                content.activeCellIndex = content.widgets.indexOf(cells[at]);
                await jupyterapp.commands.execute('notebook:run-cell');
                return at;
            }"""
        )
        [output] = page.evaluate(OUTPUTS)[at]
        return "".join(output["text"]).strip()

    yield panel, check
    page.evaluate("id => [...jupyterapp.shell.widgets('main')].find(w => w.id === id).sessionContext.shutdown()", panel)


def test_the_lab_in_four_terminals(beside, page):
    panel, check = beside
    first_output = next(outputs for outputs in page.evaluate(OUTPUTS) if outputs)[0]
    shown = "".join(first_output["text"])
    name = "Redis 7.0 at redis://127.0.0.1" if shown.startswith("fakeredis") else "Redis .+ at unix://"
    assert check() == "○ 4.0 not begun yet"

    terminals = [Terminal(page, "split-right", panel)]
    for _ in range(3):
        terminals.append(Terminal(page, "split-bottom", terminals[-1].id))
    one, two, three, four = terminals
    for terminal in terminals:
        terminal.type(f"{sys.executable} -m helpers.redis_cli", rf"(?s)Connected to {name}.*redis> *$")

    one.type("XGROUP CREATE orders processors 0 MKSTREAM", r"\nOK\n")
    assert "the order 1001 is not" in check()
    for order in ("1001 product laptop price 999", "1002 product mouse price 29", "1003 product keyboard price 79"):
        two.type(f"XADD orders * order_id {order}", r'\n"\d{13}-\d+"\n')
    assert "nobody has read yet" in check()

    read = "XREADGROUP GROUP processors {} COUNT 1 STREAMS orders >"
    laptop = three.type(read.format("consumer1"), rf'(?s){ID}.*"laptop".*redis>')[1]
    mouse = four.type(read.format("consumer2"), rf'(?s){ID}.*"mouse".*redis>')[1]
    assert "order 1001 with consumer1, order 1002 with consumer2" in check()
    three.type(f"XACK orders processors {laptop}", r"\n\(integer\) 1\n")
    four.type(f"XACK orders processors {laptop}", r"\n\(integer\) 0\n")
    assert check().endswith("was not pending in that group of that stream.)")
    four.type(f"XACK orders processors {mouse}", r"\n\(integer\) 1\n")
    assert check() == "✓ 4.0"

    # Terminal 3 takes another order and ends; terminal 4 takes over.
    two.type("XADD orders * order_id 1004 product lamp price 35", r'\n"\d{13}-\d+"\n')
    keyboard = three.type(read.format("consumer1"), rf'(?s){ID}.*"keyboard".*redis>')[1]
    page.keyboard.press("Control+D")
    assert "order 1003 with consumer1" in check()
    four.type("XAUTOCLAIM orders processors consumer2 100 0", rf'(?s)"{keyboard}".*"keyboard".*redis>')
    assert "order 1003 with consumer2" in check()
    four.type(f"XACK orders processors {keyboard}", r"\n\(integer\) 1\n")
    assert check() == "✓ 4.0"
