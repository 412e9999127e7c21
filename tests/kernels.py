"""Kernels that are spoken to over unix sockets: a free TCP port may be somebody else's before the kernel has it.

Jupyter chooses five free ports, and the kernel binds them half a second later. Meanwhile a Kafka client beside it may
be given one for a connection; if it is the iopub port, the kernel lives and never answers. Run as a program, this is
pytest with nbval in that way.
"""

from __future__ import annotations

import atexit
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from jupyter_client.connect import ConnectionFileMixin
from jupyter_client.manager import AsyncKernelManager, KernelManager
from traitlets import default


class _OverSockets(ConnectionFileMixin):
    @default("transport")
    def _unix_sockets(self) -> str:
        return "ipc"

    @default("ip")
    def _their_path(self) -> str:
        folder = tempfile.mkdtemp(prefix="kernel-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return str(Path(folder) / "socket")


class SocketKernelManager(_OverSockets, KernelManager):
    """For nbval."""


class AsyncSocketKernelManager(_OverSockets, AsyncKernelManager):
    """For nbclient."""


def pytest_configure() -> None:
    import nbval.kernel  # only now, or pytest warns that it came before the plugin did

    nbval.kernel.KernelManager = SocketKernelManager


if __name__ == "__main__":
    raise SystemExit(pytest.main(["-p", "nbval", *sys.argv[1:]], plugins=[sys.modules[__name__]]))
