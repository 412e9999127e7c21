"""On somebody's server not one of their keys, values or expiry times changes, whatever notebook is run."""

from __future__ import annotations

import pytest
from conftest import Server
from test_notebooks import assert_holds, nbval

from notebooks import PATHS, cells

FOREIGN, OURS, MIXED = 5, 6, 7


@pytest.fixture(scope="module")
def somebodys():
    """A server with 1,000 keys of all types in one database, a third of them with an expiry time."""
    with Server("redis") as server:
        fill(server.client(db=FOREIGN))
        yield server


def fill(r) -> None:
    pipe = r.pipeline()
    for n in range(125):
        pipe.set(f"string:{n}", f"value {n}")
        pipe.rpush(f"list:{n}", *range(n % 7 + 1))
        pipe.sadd(f"set:{n}", *range(n % 7 + 1))
        pipe.zadd(f"zset:{n}", {str(m): m for m in range(n % 7 + 1)})
        pipe.hset(f"hash:{n}", mapping={f"field {m}": m for m in range(n % 7 + 1)})
        pipe.xadd(f"stream:{n}", {"n": n}, id="1-1")
        pipe.xgroup_create(f"stream:{n}", "theirs", id="0")
        pipe.pfadd(f"hyperloglog:{n}", n)
        pipe.geoadd(f"geo:{n}", (13.4, 52.5, "Berlin"))
        if n % 3 == 0:
            for kind in ("string", "list", "set", "zset", "hash", "stream"):
                pipe.expire(f"{kind}:{n}", 100_000 + n)
    pipe.execute()
    assert r.dbsize() == 1000


def everything(r) -> dict:
    """Each key with its serialised value and the moment at which it expires."""
    return {key: (r.execute_command("DUMP", key), r.pexpiretime(key)) for key in r.scan_iter() if not _is_mark(key)}


def _is_mark(key: bytes) -> bool:
    return key == b"redis-streams-course"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name[:2])
def test_not_one_foreign_key_changes(path, somebodys):
    foreign = somebodys.client(db=FOREIGN, decode_responses=False)
    before = everything(foreign)
    assert len(before) == 1000
    assert_holds(nbval(path, f"{somebodys.url}?db={OURS}"), path)
    refused(path, f"{somebodys.url}?db={FOREIGN}", "holds keys that are not the course's")
    assert everything(foreign) == before
    assert foreign.dbsize() == 1000, "a mark in somebody's database"


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.name[:2])
def test_a_key_named_orders_that_somebody_made_after_the_mark(path, somebodys, no_backend, monkeypatch):
    from helpers import connect

    url = f"{somebodys.url}?db={MIXED}"
    somebodys.client(db=MIXED).flushdb()
    monkeypatch.setenv("REDIS_URL", url)
    connect()
    mixed = somebodys.client(db=MIXED, decode_responses=False)
    mixed.xadd("orders", {"theirs": 1}, id="1-1")
    mixed.expire("orders", 50_000)
    before = everything(mixed)
    refused(path, url, "has a key named 'orders' that the course did not make")
    assert everything(mixed) == before


def refused(path, url: str, part: str) -> None:
    """Run to the end by nbval, which goes on after errors, as a stubborn learner would."""
    source = next(cell.source for cell in cells(path) if "connect(" in cell.source and cell.kind == "code")
    assert '"orders"' in source, f"{path.name} does not name a key orders; test it with one that it names"
    done = nbval(path, url)
    assert done.returncode == 1 and part in done.stdout, done.stdout[-3000:]
