"""A llama-server of xllamacpp's in a process of its own, with its OpenAI-compatible interface.

python -m support.llama_server PATH --slots 4 --context 2048 [--embedding]     (in tests/)
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_HERE = Path(__file__).parent.parent
_SAYS = "listening at "


@contextmanager
def llama_server(
    path: Path, *, slots: int = 4, context: int = 2048, embedding: bool = False
) -> Iterator[str]:
    """Run a server; gives its address, without a path."""
    command = [sys.executable, "-m", "support.llama_server", str(path)]
    command += ["--slots", str(slots), "--context", str(context)]
    process = subprocess.Popen(
        command + (["--embedding"] if embedding else []),
        cwd=_HERE,
        env={**os.environ, "OMP_WAIT_POLICY": "passive"},
        # The server reads this to its end, so that it never outlives us.
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        for line in process.stdout:
            if line.startswith(_SAYS):
                yield line.removeprefix(_SAYS).strip()
                return
        raise RuntimeError(f"no llama-server for {path}")
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()


def main() -> None:
    import xllamacpp

    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--slots", type=int, default=4)
    parser.add_argument("--context", type=int, default=2048)
    parser.add_argument("--embedding", action="store_true")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--name", default="")
    given = parser.parse_args()
    params = xllamacpp.CommonParams()
    params.model.path = given.path
    params.n_parallel = given.slots
    params.n_ctx = given.slots * given.context
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.n_gpu_layers = 0
    params.cache_ram_mib = 0
    params.warmup = False
    if given.port:
        params.port = given.port
    if given.name:
        params.model_alias = {given.name}
    if given.embedding:
        params.embedding = True
        params.n_ubatch = params.n_batch = given.context
    server = xllamacpp.Server(params)
    sys.stdout.write(f"{_SAYS}{server.listening_address}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
