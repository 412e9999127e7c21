"""``make refresh``: runs each notebook on the simulator and stores what it prints; a second run changes nothing."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import nbformat
from kernels import AsyncSocketKernelManager
from nbclient import NotebookClient

from helpers.backend import GET_A_SERVER, server_program
from helpers.kafka import GET_JAVA

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def main(names: list[str]) -> None:
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        if not names or any(path.name.startswith(name) for name in names):
            before = path.read_text(encoding="utf-8")
            if "private_redis(" in before and not server_program():
                raise SystemExit(f"{path.name} stores what a real server answers, too: {GET_A_SERVER}.")
            if "only_real(" in before and not shutil.which("java"):
                raise SystemExit(f"{path.name} stores what a real Kafka answers, too: {GET_JAVA}.")
            after = refreshed(path)
            path.write_text(after, encoding="utf-8")
            print(f"{path.name}: {'unchanged' if after == before else 'stored anew'}")


def refreshed(path: Path) -> str:
    """The notebook's text after a run, without what differs from run to run."""
    os.environ.pop("REDIS_URL", None)
    os.environ.pop("KAFKA_BOOTSTRAP_SERVERS", None)
    os.environ["NO_COLOR"] = "1"
    notebook = nbformat.read(path, as_version=4)
    if any("only_real(" in cell.source for cell in notebook.cells):
        os.environ["KAFKA_BOOTSTRAP_SERVERS"] = "local"
    NotebookClient(
        notebook,
        kernel_manager_class=AsyncSocketKernelManager,
        timeout=60,
        resources={"metadata": {"path": path.parent}},
        extra_arguments=["--IPKernelApp.log_level=40"],
    ).execute()
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        **({"course": notebook.metadata["course"]} if "course" in notebook.metadata else {}),
    }
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number:03}"
        if cell.cell_type == "code":
            cell.outputs = _merged(cell.outputs)
        cell.metadata = {"tags": cell.metadata["tags"]} if cell.metadata.get("tags") else {}
    return nbformat.writes(notebook) + "\n"


def _merged(outputs: list) -> list:
    """Text that came in several messages as one, as Jupyter stores it: where it was cut is a matter of timing."""
    merged: list = []
    for output in outputs:
        if merged and output.output_type == "stream" and merged[-1].get("name") == output.name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    return merged


if __name__ == "__main__":
    main(sys.argv[1:])
