"""The notebooks hold, strictly, on the simulator and on real servers, and nbval's silent holes are closed."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
import refresh
from conftest import Server, need_kafka, need_server

from notebooks import NOTEBOOKS, PATHS, cells, exercises, on_the_mock, printed

NAMES = [path.name for path in PATHS]
EACH = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name[:2])
# Notebooks with sections on a redis-server of their own, whatever the back end.
WITH_A_SERVER = [path for path in PATHS if "private_redis(" in path.read_text(encoding="utf-8")]
WITH_KAFKA = [path for path in PATHS if "connect_kafka(" in path.read_text(encoding="utf-8")]
BACK_ENDS = ["fakeredis", "redis", "redis-8.2"]

# The only tags: an exercise's stub, a cell that ends in an error, and what differs from machine to machine.
TAGS = {"exercise", "raises-exception", "nbval-ignore-output"}


def nbval(path: Path, url: str | None, kafka: str | None = None) -> subprocess.CompletedProcess:
    """Strict nbval of one notebook in a process of its own."""
    if kafka is None and "only_real(" in path.read_text(encoding="utf-8"):
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / path.name
            copy.write_text(json.dumps(on_the_mock(path)), encoding="utf-8")
            return _nbval(copy, url, {})
    return _nbval(path, url, {"KAFKA_BOOTSTRAP_SERVERS": kafka} if kafka else {})


def _nbval(path: Path, url: str | None, settings: dict[str, str]) -> subprocess.CompletedProcess:
    env = {name: value for name, value in os.environ.items() if not name.startswith(("REDIS_", "PYTEST_", "KAFKA_"))}
    env |= settings
    command = [sys.executable, str(Path(__file__).parent / "kernels.py"), "-q", "--nbval", "--nbval-current-env"]
    command += ["-p", "no:xdist", "-p", "no:cacheprovider", "-p", "no:randomly"]
    command += ["--nbval-cell-timeout=60", "--color=no", str(path)]
    if url is not None:
        env["REDIS_URL"] = url
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=300, cwd=NOTEBOOKS.parent)


def assert_holds(done: subprocess.CompletedProcess, path: Path) -> None:
    """Every code cell passed: none failed, was skipped or is missing."""
    expected = sum(cell.kind == "code" for cell in cells(path))
    assert done.returncode == 0, done.stdout[-6000:]
    assert re.search(rf"^{expected} passed in ", done.stdout, re.M), done.stdout[-2000:]


@pytest.mark.parametrize("back_end", BACK_ENDS)
@EACH
def test_strict(path, back_end):
    if back_end == "fakeredis":
        if path in WITH_A_SERVER:
            need_server("redis")
        assert_holds(nbval(path, None), path)
        return
    with Server(back_end) as server:
        assert_holds(nbval(path, server.url), path)
        reached = server.client().info("commandstats")
    unseen = {name for name in commands_of(path) if f"cmdstat_{name}" not in reached}
    assert not unseen, f"{path.name} has commands that never reached the server"


@pytest.mark.parametrize("path", WITH_KAFKA, ids=lambda path: path.name[:2])
def test_strict_on_a_real_kafka(path):
    need_kafka()
    with Server("redis") as server:
        assert_holds(nbval(path, server.url, kafka="local"), path)


def commands_of(path: Path) -> set[str]:
    """The stream commands of a notebook, as INFO commandstats names them."""
    names = set()
    for cell in cells(path):
        if cell.kind != "code" or "exercise" in cell.tags:
            continue
        if cell.source.startswith("%%redis"):
            words = [line.lower().split()[:2] for line in cell.source.splitlines()[1:]]
            names |= {"|".join(w) if w[0] in ("xgroup", "xinfo") else w[0] for w in words if w and w[0][0] == "x"}
        names |= {_stat(method) for method in re.findall(r"\br\.(x\w+)\(", cell.source)}
    return names


def _stat(method: str) -> str:
    """The name that INFO commandstats has for a method of redis-py: ``xgroup_create`` is ``xgroup|create``."""
    return "xpending" if method == "xpending_range" else method.replace("_", "|")


@EACH
def test_a_changed_argument_turns_red(path, tmp_path):
    """A cell's output really comes from its commands: change one argument of each %%redis cell and Python cell."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    changed = 0
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code" or not source.startswith("%%redis"):
            continue
        mutated = re.sub(r"\b1001\b|\b2-1\b", "7777", source, count=1)
        changed += mutated != source
        cell["source"] = mutated
    assert changed, "no cell to change: this test needs an order 1001 in a %%redis cell"
    copy = tmp_path / path.name
    copy.write_text(json.dumps(notebook), encoding="utf-8")
    done = nbval(copy, None)
    assert done.returncode == 1 and re.search(r"^\d+ failed, \d+ passed", done.stdout, re.M), done.stdout[-2000:]


@EACH
def test_refresh_would_store_the_same(path, monkeypatch):
    """Also what nbval does not compare: pictures that are missing, cells that were not run, order of outputs."""
    monkeypatch.setattr(os, "environ", dict(os.environ))
    stored = json.loads(path.read_text(encoding="utf-8"))
    fresh = json.loads(refresh.refreshed(path))
    assert _without_pixels(fresh) == _without_pixels(stored)


@pytest.mark.parametrize("path", WITH_A_SERVER, ids=lambda path: path.name[:2])
def test_without_a_redis_server_it_says_what_it_skips(path, monkeypatch):
    """Every cell still runs, the first one announces what is skipped, and nothing else prints something else."""
    monkeypatch.setattr(os, "environ", os.environ | {"REDIS_SERVER_BIN": "no-such-program"})
    fresh = [cell for cell in json.loads(refresh.refreshed(path))["cells"] if cell["cell_type"] == "code"]
    stored = [cell for cell in json.loads(path.read_text(encoding="utf-8"))["cells"] if cell["cell_type"] == "code"]
    told = [json.dumps(cell["outputs"]) for cell in fresh]
    assert "Skipped here: section" in told[0]
    assert any("Skipped: this needs a redis-server" in text for text in told[1:])
    for cell, before, text in zip(fresh, stored, told, strict=True):
        if "server" not in "".join(cell["source"]) and "nbval-ignore-output" not in cell["metadata"].get("tags", []):
            assert text == json.dumps(before["outputs"]), cell["source"]


def _without_pixels(notebook: dict) -> dict:
    """PNGs differ in their bytes between versions of libraries: keep that there is one, not what is in it."""
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        for output in cell.get("outputs", []):
            if "nbval-ignore-output" in tags:
                output.clear()
            elif "image/png" in output.get("data", {}):
                assert len(output["data"]["image/png"]) > 5000, "an empty picture"
                output["data"]["image/png"] = "a picture"
    return notebook


@EACH
def test_cells_are_run_and_tagged_by_the_rules(path):
    nbformat.validate(nbformat.read(path, as_version=4))
    all_cells = [cell for cell in cells(path) if cell.kind == "code"]
    assert [cell.execution_count for cell in all_cells] == list(range(1, len(all_cells) + 1))
    for at, cell in enumerate(all_cells):
        assert cell.tags <= TAGS, cell.tags
        assert not re.search(r"#\s*(NBVAL|PYTEST)", cell.source), cell.source
        assert not re.search(r";\s*$", cell.source, re.M), f"a ; does not suppress output under nbval: {cell.source}"
        assert "clear_output" not in cell.source and "input(" not in cell.source
        if "nbval-ignore-output" in cell.tags and "connect(" not in cell.source:
            assert all_cells[at + 1].tags <= {"exercise"} and all_cells[at + 1].outputs, "no compared cell after it"
        ends_in_error = any(output["output_type"] == "error" for output in cell.outputs)
        assert ends_in_error == ("raises-exception" in cell.tags)
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.source
        if not cell.source.startswith("%%"):
            ast.parse(cell.source)


@EACH
def test_frame(path):
    """Title and promise, minutes and what comes before, You will, sections, exercises, Key points, reset, Next."""
    all_cells = cells(path)
    markdown = "\n\n".join(cell.source for cell in all_cells if cell.kind == "markdown")
    first = all_cells[0].source
    assert re.match(rf"# {path.name[:2]} · .+\n\n.+", first)
    minutes = re.search(r"\*\*Reading (\d+) minutes, exercises (\d+) minutes\.\*\* ", first)
    assert minutes and sum(map(int, minutes.groups())) <= 45
    assert re.search(r"You will\n\n- ", first)
    connects = [cell for cell in all_cells if cell.kind == "code" and "connect(" in cell.source]
    assert connects[0] == next(cell for cell in all_cells if cell.kind == "code")
    assert "nbval-ignore-output" in connects[0].tags
    headings = re.findall(r"^(#{1,3} .+)$", markdown, re.M)
    numbered = [int(n) for n in re.findall(r"^## (\d+)\. ", markdown, re.M)]
    assert numbered == list(range(1, len(numbered) + 1)) and numbered
    ends = [heading for heading in headings if heading.startswith("## ") and not re.match(r"## \d", heading)]
    assert ends[-2:] == ["## Key points", "## Next"] and len(ends) == len(set(ends))
    assert "run the cell with `connect(" in markdown
    core = list(re.findall(r"^### Exercise (\d+\.\d+) · ", markdown, re.M))
    optional = re.findall(r"^### Exercise (\d+\.\d+) \(optional\) · ", markdown, re.M)
    assert sorted(core + optional) == sorted(exercise.number for exercise in exercises(path))
    if path.name[:2] != "00":
        assert len(core) == 3 and len(optional) >= 2


@EACH
def test_code_cells_are_short(path):
    for cell in cells(path):
        if cell.kind == "code" and "exercise" not in cell.tags:
            assert len([line for line in cell.source.splitlines() if line.strip()]) <= 15, cell.source


@EACH
def test_exercises_are_stored_unsolved(path):
    all_cells = cells(path)
    for exercise in exercises(path):
        [shown] = [cell for cell in all_cells if cell.source == exercise.check and cell.kind == "code"]
        assert printed(shown) == f"○ {exercise.number} not solved yet\n"


@EACH
def test_links_lead_somewhere(path):
    """Every notebook that is linked exists, and so does the heading."""
    text = "\n".join(cell.source for cell in cells(path) if cell.kind == "markdown")
    for target, anchor in re.findall(r"\]\((\d\d_\w+\.ipynb)?(?:#([^)\s]+))?\)", text):
        there = NOTEBOOKS / target if target else path
        assert there in PATHS, f"{target} is not here"
        source = "\n".join(cell.source for cell in cells(there) if cell.kind == "markdown")
        # Jupyter's anchor is the text as shown: no backticks, dashes for blanks.
        headings = [heading.replace("`", "").replace(" ", "-") for heading in re.findall(r"^#+ (.+)$", source, re.M)]
        assert not anchor or anchor in headings, f"{there.name} has no heading {anchor}"


@EACH
def test_notebook_names_every_key_that_it_writes(path, no_backend, redis_7):
    """After a run on an empty server there is nothing but the mark and the keys that connect() was given."""
    client = redis_7.client(db=11)
    client.flushdb()
    assert_holds(nbval(path, f"{redis_7.url}?db=11"), path)
    claimed = set(client.hkeys("redis-streams-course"))
    assert set(client.keys()) - {"redis-streams-course"} <= claimed


def test_helpers_are_found_from_any_folder(tmp_path):
    """VS Code, Binder and nbval start kernels in folders of their own: helpers is installed, not beside a notebook."""
    code = "import helpers; print(helpers.__file__)"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.strip() == str(NOTEBOOKS.parent / "helpers" / "__init__.py"), done.stderr


def test_the_whole_matrix_is_here():
    """Every notebook that the course's map lists is in the matrix, and no other."""
    readme = (NOTEBOOKS.parent / "README.md").read_text(encoding="utf-8")
    assert sorted(set(re.findall(r"\bnotebooks/(\d\d_\w+\.ipynb)", readme))) == NAMES
