"""The notebooks as the tests see them: cells, tags, exercises and their solutions."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"
PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))


class Cell(NamedTuple):
    kind: str  # "code" or "markdown"
    source: str
    tags: frozenset[str]
    outputs: tuple[dict, ...]
    execution_count: int | None


class Exercise(NamedTuple):
    number: str
    stub: str
    check: str
    solution: str


def cells(path: Path) -> list[Cell]:
    def text(value: str | list[str]) -> str:
        return value if isinstance(value, str) else "".join(value)

    return [
        Cell(
            cell["cell_type"],
            text(cell["source"]),
            frozenset(cell["metadata"].get("tags", [])),
            tuple(cell.get("outputs", [])),
            cell.get("execution_count"),
        )
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
    ]


def exercises(path: Path) -> list[Exercise]:
    """Stub, check call and solution of each exercise, from the notebook itself."""
    found, all_cells = [], cells(path)
    for at, cell in enumerate(all_cells):
        if "exercise" not in cell.tags:
            continue
        check, solution = all_cells[at + 1], all_cells[at + 2]
        number = re.fullmatch(r'check\("(\d+\.\d+)", .+\)', check.source.strip())
        assert number, f"{path.name}: the exercise in cell {at} is not followed by its check"
        fenced = re.findall(r"```python\n(.*?)```", solution.source, re.S)
        assert solution.source.startswith("<details><summary>Solution</summary>"), (path.name, number[1])
        assert len(fenced) == 1, f"{path.name}: the solution of {number[1]} is not one block of Python"
        found.append(Exercise(number[1], cell.source, check.source, fenced[0]))
    return found


def on_the_mock(path: Path) -> dict:
    """The notebook as it is when Kafka is the embedded mock: what only a real broker can show is one sentence."""
    from helpers.kafka import SKIPPED

    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        asked = re.search(r'\bonly_real\("([^"]+)"\)', "".join(cell["source"]))
        if cell["cell_type"] == "code" and asked:
            text = SKIPPED.format(what=asked[1]) + "\n"
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": [text]}]
    return notebook


def printed(cell: Cell) -> str:
    """What a cell's stored outputs show as text."""
    parts = []
    for output in cell.outputs:
        value = output.get("text") or output.get("data", {}).get("text/plain", "")
        parts.append(value if isinstance(value, str) else "".join(value))
    return "".join(parts)
