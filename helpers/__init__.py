"""Everything a notebook of the course imports; each name is loaded when it is first used."""

from __future__ import annotations

import importlib
import sys

_HOMES = {
    "connect": "backend",
    "connect_async": "backend",
    "private_redis": "backend",
    "share": "resp",
    "check": "exercises",
    "check_stream": "exercises",
}

__all__ = list(_HOMES)


def __getattr__(name: str):
    if name not in _HOMES:
        raise AttributeError(f"helpers has no {name!r}; it has {', '.join(sorted(_HOMES))}")
    return getattr(importlib.import_module(f"helpers.{_HOMES[name]}"), name)


def _redis_cell(line: str, cell: str) -> None:
    """The commands below, as typed at redis-cli, on the Redis that connect() chose."""
    from helpers.redis_cli import redis_magic

    redis_magic(line, cell)


def _complete(context):
    from helpers.redis_cli import redis_matcher

    return redis_matcher(context)


def _enter_notebook() -> None:
    """Teaches the notebook's kernel ``%%redis`` and its Tab, without loading either yet."""
    from IPython import get_ipython
    from IPython.core.completer import context_matcher

    shell = get_ipython()
    if shell is not None:
        shell.register_magic_function(_redis_cell, "cell", "redis")
        shell.Completer.custom_matchers.append(context_matcher(identifier="redis")(_complete))


if "IPython" in sys.modules:
    _enter_notebook()
