"""The lock, Binder, Makefile, README and the rules of the house."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from notebooks import PATHS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
README = (ROOT / "README.md").read_text(encoding="utf-8")
TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()


def pins(file: str) -> list[Requirement]:
    """Every line of a lock; a package may have several, for different versions of Python."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and line[0] not in " #"]


def locked(file: str) -> dict[str, Requirement]:
    return {requirement.name: requirement for requirement in pins(file)}


# --- The lock ------------------------------------------------------------------------------------------------------


def test_lock_meets_pyproject():
    pinned = locked("requirements.txt")
    for wanted in map(Requirement, PROJECT["dependencies"]):
        [pin] = pinned[wanted.name].specifier
        assert pin.operator == "==" and wanted.specifier.contains(pin.version), wanted


def test_both_locks_agree():
    course, tests = locked("requirements.txt"), locked("tests/requirements.txt")
    assert {name: str(tests[name].specifier) for name in course.keys() & tests.keys()} == {
        name: str(course[name].specifier) for name in course.keys() & tests.keys()
    }


@pytest.mark.parametrize("file", ["requirements.txt", "tests/requirements.txt"])
def test_lock_tells_its_command_and_no_address(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert text.splitlines()[1].startswith("#    uv pip compile --universal --python-version 3.11 ")
    assert "://" not in text and "--index" not in text and "--find-links" not in text


def test_lock_pins_every_direct_dependency_for_each_python():
    for version in ("3.11", "3.12", "3.13"):
        environment = {
            "python_version": version,
            "python_full_version": f"{version}.0",
            "sys_platform": "linux",
        }
        pinned = {pin.name for pin in pins("requirements.txt") if not pin.marker or pin.marker.evaluate(environment)}
        assert {Requirement(text).name for text in PROJECT["dependencies"]} <= pinned


# --- Binder --------------------------------------------------------------------------------------------------------


@pytest.fixture
def dockerfile(monkeypatch):
    """What repo2docker makes of this repository, by its own code, without docker."""
    pytest.importorskip("repo2docker", reason="no repo2docker: pip install -r tests/requirements.txt")
    from repo2docker.buildpacks import CondaBuildPack

    monkeypatch.chdir(ROOT)
    pack = CondaBuildPack(base_image="docker.io/library/buildpack-deps:24.04")
    assert pack.detect()
    pack.platform = "linux/amd64"
    assert Version(pack.python_version) in SpecifierSet(PROJECT["requires-python"])
    return pack.render({})


def test_repo2docker_renders_every_file_of_binder(dockerfile):
    for name in ("binder/environment.yml", "binder/postBuild", "binder/start"):
        assert name in dockerfile
        assert (ROOT / name).exists()
    assert sorted(path.name for path in (ROOT / "binder").iterdir()) == [
        "environment.yml",
        "postBuild",
        "start",
    ]
    for script in ("postBuild", "start"):
        assert os.access(ROOT / "binder" / script, os.X_OK)
        assert (ROOT / "binder" / script).read_text().startswith("#!/bin/bash\n")


def test_binder_installs_the_lock_and_a_real_redis():
    environment = yaml.safe_load((ROOT / "binder/environment.yml").read_text())["dependencies"]
    [pip] = [item["pip"] for item in environment if isinstance(item, dict)]
    named = [line.removeprefix("-r ") for line in pip if line.startswith("-r ")]
    assert [(ROOT / "binder" / name).resolve() for name in named] == [ROOT / "requirements.txt"]
    [python] = [item.split("=")[1] for item in environment if isinstance(item, str) and item.startswith("python=")]
    assert python in ("3.11", "3.12", "3.13")
    assert any(str(item).startswith("redis-server") for item in environment)


def test_binder_start_opens_lab_on_the_first_notebook():
    printed = subprocess.run(
        [ROOT / "binder/start", "printenv", "JUPYTERHUB_DEFAULT_URL"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert printed == "/lab/tree/notebooks/00_start_here.ipynb"
    assert (ROOT / printed.removeprefix("/lab/tree/")).exists()
    assert "urlpath=lab/tree/notebooks/00_start_here.ipynb" in README


# --- README and house ----------------------------------------------------------------------------------------------


def test_readme_has_every_notebook_with_its_minutes():
    for path in PATHS:
        first = path.read_text(encoding="utf-8")
        reading, exercises = re.search(r"\*\*Reading (\d+) minutes, exercises (\d+) minutes", first).groups()
        row = next(line for line in README.splitlines() if line.startswith("| [") and path.name in line)
        assert f"| {reading} + {exercises} " in row
    named = set(re.findall(r"notebooks/(\d\d_\w+\.ipynb)", README))
    assert named == {path.name for path in PATHS}, "the map promises what is not here"


def test_readme_links_and_commands_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"`make ([a-z]+)", README)) <= targets


@pytest.mark.parametrize("target", ["lab", "test", "refresh", "bench", "up", "down", "clean"])
def test_makefile_knows(target):
    done = subprocess.run(["make", "--dry-run", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_lab_listens_on_loopback_with_its_token():
    [line] = [line for line in (ROOT / "Makefile").read_text().splitlines() if "jupyter lab" in line]
    assert "--ServerApp.ip=127.0.0.1" in line
    assert "token" not in line and "password" not in line


def test_compose_publishes_redis_on_loopback_only():
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert all(port.startswith("127.0.0.1:") for service in services.values() for port in service["ports"])
    assert int(re.match(r"redis:(\d+)", services["redis"]["image"])[1]) >= 8


FLOORS = [
    {"backend", "fakeredis_fixes", "kafka"},
    {"resp", "redis_cli", "snapshot", "simulator", "probes", "kafka_probes", "loadtest"},
    {"charts", "picture", "watch", "exercises", "checks"},
]
# What stands on the same floor and is used all the same: a command line on its protocol, a Kafka node on how
# ports are found, checks on what runs them.
NEIGHBOURS = {
    ("backend", "fakeredis_fixes"),
    ("kafka", "backend"),
    ("redis_cli", "resp"),
    ("kafka_probes", "probes"),
    ("checks", "exercises"),
}


def test_helpers_import_only_downward():
    floor_of = {name: level for level, names in enumerate(FLOORS) for name in names}
    for path in (ROOT / "helpers").rglob("*.py"):
        name = path.relative_to(ROOT / "helpers").parts[0].removesuffix(".py")
        if name == "__init__":
            continue
        assert name in floor_of, f"{path.name} has no floor"
        for imported in _imports(path) - {name}:
            below = floor_of[imported] < floor_of[name]
            assert below or (name, imported) in NEIGHBOURS, f"{path.name} imports {imported}, which is not below it"


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "helpers":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers."):
            found.add(node.module.split(".")[1])
    return found - {"connect", "connect_async", "private_redis", "check"}


def test_importing_helpers_is_light():
    code = "import sys, helpers; print([m for m in ('redis', 'fakeredis', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
    code = "import sys; from helpers import connect, check; connect(); print('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.endswith("False\n")


def test_unknown_name_is_one_sentence():
    import helpers

    with pytest.raises(AttributeError, match=r"helpers has no 'conect'; it has check, check_stream, connect, "):
        helpers.conect  # noqa: B018


def test_ruff_is_content():
    ruff = Path(sys.executable).with_name("ruff")
    if not ruff.exists():
        pytest.skip("no ruff: pip install -r tests/requirements.txt")
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run([ruff, *command, "helpers", "tests"], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_no_file_names_a_machine():
    """No path of somebody's machine and no package index in what is published."""
    paths = re.compile(r"(?<![\w.])/(?:root|work)/|/home/(?!jovyan)\w|(?:pypi|files\.pythonhosted)\.org")
    for name in TRACKED:
        if not name.endswith((".png", ".ico")) and name != "tests/test_packaging.py":
            found = paths.search((ROOT / name).read_text(encoding="utf-8"))
            assert not found, f"{name}: {found[0]}"
