"""Each repair makes fakeredis answer as Redis 7.0 does, and is still needed for it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from fakeredis.model import XStream
from fix_scenarios import SCENARIOS
from random_histories import answers, history

from helpers import backend, fakeredis_fixes


def on_fakeredis(name: str, *without: str):
    script = Path(__file__).with_name("fix_scenarios.py")
    done = subprocess.run([sys.executable, script, name, *without], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_repair_has_its_scenario():
    assert list(SCENARIOS) == list(fakeredis_fixes.FIXES)


@pytest.mark.parametrize("name", SCENARIOS)
def test_repaired_is_as_redis_7(name, redis_7):
    client = redis_7.client()
    client.flushall()
    real = json.loads(json.dumps(SCENARIOS[name](client)))
    assert on_fakeredis(name) == real


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_repair_is_still_needed(name, redis_7):
    client = redis_7.client()
    client.flushall()
    real = json.loads(json.dumps(SCENARIOS[name](client)))
    assert on_fakeredis(name, name) != real, f"fakeredis no longer needs {name!r}: take the repair out"


def test_a_fakeredis_without_the_repaired_part_is_refused_in_one_sentence(monkeypatch, no_backend):
    monkeypatch.setattr(fakeredis_fixes, "_applied", False)
    monkeypatch.setattr(fakeredis_fixes, "FIXES", {"gone": lambda: fakeredis_fixes._replace(XStream, "gone", None)})
    with pytest.raises(backend.BackendError) as refused:
        backend.connect()
    assert "(it has no XStream.gone): install the versions of requirements.txt" in str(refused.value)


def test_random_histories_are_answered_as_by_redis_7(redis_7):
    """Claims, acknowledgements, deletions, trims and groups in any order: every answer, and every count, is equal."""
    real = redis_7.client(protocol=2)
    refused = 0
    for seed in range(400):
        commands = history(seed)
        real.flushall()
        wanted = answers(real, commands)
        for command, got, want in zip(commands, answers(backend.simulated(), commands), wanted, strict=True):
            assert got == want, f"seed {seed}: {' '.join(command)}"
        refused += sum(isinstance(answer, str) and answer.startswith("error: ") for answer in wanted)
    assert 0.05 < refused / (400 * 60) < 0.5, "histories that are mostly refused prove little"
