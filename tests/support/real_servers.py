"""Real servers of today, each started from a virtual environment of its own.

They are looked for in the folder that LWD_SERVERS names (else `.servers`), one environment each:
`vllm`, `transformers` and `litellm`; `ollama` is looked for on the PATH, and llama-server is there
with the developers' own requirements. `docs/scaling.md` says how each is installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from lwd_tui.backends.embedded.packaged import pull

FOLDER = Path(os.environ.get("LWD_SERVERS", ".servers")).absolute()
KNOWN = ("llama-server", "vllm", "transformers", "litellm", "ollama")
_TESTS = Path(__file__).parent.parent
_UP_SECONDS = 600.0
KEY = "sk-0123456789abcdef0123456789abcdef"
"""Of the gateway, which takes no request without one."""

# The weights are a GGUF file; these two read a folder of Hugging Face's form, and a model that was
# read from such a file can't be saved as it is.
_UNPACK = """
import sys
from pathlib import Path
from transformers import AutoTokenizer, LlamaForCausalLM
gguf, folder = Path(sys.argv[1]), sys.argv[2]
read = LlamaForCausalLM.from_pretrained(str(gguf.parent), gguf_file=gguf.name)
config = read.config
if hasattr(config, "quantization_config"):
    del config.quantization_config
plain = LlamaForCausalLM(config)
plain.load_state_dict(read.state_dict())
plain.save_pretrained(folder)
AutoTokenizer.from_pretrained(str(gguf.parent), gguf_file=gguf.name).save_pretrained(folder)
"""


@dataclass
class RealServer:
    """A server that can be started, killed and started again at the same address.

    Attributes
    ----------
    name : str
    model : str
        As it is asked for.
    greedy : bool
        Whether it answers alike whatever the temperature.
    plain : bool
        Whether it has no sampling beyond OpenAI's own.
    """

    name: str
    model: str
    command: Sequence[str]
    port: int
    path: str = "/v1/models"
    environment: dict[str, str] = field(default_factory=dict)
    greedy: bool = False
    plain: bool = False
    behind: Sequence[RealServer] = ()
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def backend(self) -> str:
        return "ollama" if self.name == "ollama" else "openai"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        for server in self.behind:
            if server._process is None:
                server.start()
        # A group of its own: some of them leave workers behind when they are killed alone.
        self._process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            # Ours reads it to its end, so that it never outlives us.
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + _UP_SECONDS
        while time.monotonic() < deadline:
            assert self._process.poll() is None, (
                f"{self.name} ended with {self._process.returncode}"
            )
            with suppress(httpx.HTTPError):
                if httpx.get(f"{self.url}{self.path}", trust_env=False, timeout=5).is_success:
                    return
            time.sleep(0.5)
        raise AssertionError(f"{self.name} doesn't answer after {_UP_SECONDS:.0f} s")

    def kill(self) -> None:
        """Kill it with all that it started, as the kernel would for want of memory."""
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.communicate()
            self._process = None

    def close(self) -> None:
        """Kill it, and what stands behind it."""
        self.kill()
        for server in self.behind:
            server.close()


def real_server(name: str, scratch: Path) -> RealServer | None:
    """Return a server by its name, not yet started; None where it isn't installed."""
    if name == "llama-server":
        return _llama_server()
    if name == "ollama":
        found = shutil.which("ollama")
        return None if found is None else _ollama(found, scratch)
    python = FOLDER / name / "bin" / "python"
    if not python.exists():
        return None
    return {"vllm": _vllm, "transformers": _transformers, "litellm": _litellm}[name](
        python, scratch
    )


def free_port() -> int:
    """Return a port where nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _llama_server(context: int = 4096) -> RealServer:
    weights, port = pull("smollm2-135m"), free_port()
    command = [sys.executable, "-m", "support.llama_server", str(weights), "--port", str(port)]
    return RealServer(
        "llama-server",
        "smollm2",
        [*command, "--name", "smollm2", "--context", str(context)],
        port,
        environment={"PYTHONPATH": str(_TESTS), "OMP_WAIT_POLICY": "passive"},
    )


def _vllm(python: Path, scratch: Path) -> RealServer:
    port = free_port()
    command = [
        str(python), "-m", "vllm.entrypoints.openai.api_server", "--model", str(_folder(python)),
        "--served-model-name", "smollm2", "--host", "127.0.0.1", "--port", str(port),
        "--max-model-len", "4096", "--max-num-batched-tokens", "4096",
        "--no-enable-chunked-prefill", "--dtype", "float32", "--generation-config", "vllm",
    ]  # fmt: skip
    offline = {"HF_HUB_OFFLINE": "1", "VLLM_NO_USAGE_STATS": "1", "VLLM_CPU_KVCACHE_SPACE": "1"}
    return RealServer("vllm", "smollm2", command, port, environment=offline)


def _transformers(python: Path, scratch: Path) -> RealServer:
    port, folder = free_port(), _folder(python)
    command = [str(python.with_name("transformers")), "serve", "--host", "127.0.0.1"]
    return RealServer(
        "transformers",
        str(folder),
        [*command, "--port", str(port), str(folder)],
        port,
        path="/health",
        environment={"HF_HUB_OFFLINE": "1"},
        greedy=True,
        plain=True,
    )


def _litellm(python: Path, scratch: Path) -> RealServer:
    """A gateway before two servers of one model."""
    port, behind = free_port(), [_llama_server(), _llama_server()]
    lines = ["model_list:"]
    for server in behind:
        lines += [
            "  - model_name: smollm2",
            "    litellm_params:",
            f"      model: openai/{server.model}",
            f"      api_base: {server.url}/v1",
            "      api_key: none",
        ]
    config = scratch / "litellm.yaml"
    config.write_text("\n".join([*lines, "litellm_settings:", "  drop_params: false", ""]))
    command = [str(python.with_name("litellm")), "--config", str(config), "--host", "127.0.0.1"]
    return RealServer(
        "litellm",
        "smollm2",
        [*command, "--port", str(port), "--telemetry", "False"],
        port,
        path="/health/liveliness",
        # Its list of prices is fetched otherwise, again and again where there is no network.
        environment={"LITELLM_MASTER_KEY": KEY, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        behind=behind,
        plain=True,
    )


def _ollama(command: str, scratch: Path) -> RealServer:
    port = free_port()
    server = RealServer(
        "ollama",
        "smollm2",
        [command, "serve"],
        port,
        path="/api/version",
        environment={"OLLAMA_HOST": f"127.0.0.1:{port}", "OLLAMA_MODELS": str(scratch / "models")},
    )
    server.start()
    try:
        modelfile = scratch / "Modelfile"
        modelfile.write_text(f"FROM {pull('smollm2-135m')}\n")
        subprocess.run(
            [command, "create", server.model, "-f", str(modelfile)],
            env={**os.environ, **server.environment},
            check=True,
        )
    finally:
        server.kill()
    return server


def _folder(python: Path) -> Path:
    """Return the weights as a folder of Hugging Face's form, unpacked once."""
    folder = FOLDER / "smollm2-135m"
    if not (folder / "config.json").exists():
        weights = pull("smollm2-135m")
        with ExitStack() as stack:
            new = folder.with_name(f".{folder.name}.new")
            stack.callback(shutil.rmtree, new, ignore_errors=True)
            subprocess.run([str(python), "-c", _UNPACK, str(weights), str(new)], check=True)
            new.rename(folder)
    return folder


def run_of(server: RealServer, home: Path, *more: str) -> subprocess.Popen[str]:
    """Begin a headless run on a server; its output is one JSON object a step."""
    command: list[Any] = [sys.executable, "-m", "lwd_tui", "--preset", "bitcoin", "--headless"]
    command += ["--json", "--backend", server.backend, "--host", server.url]
    command += ["--model", server.model, "--model", server.model, "--responses", "4", *more]
    if server.plain:
        names = [f"participants.{i}.sampling.{name}" for i in (0, 1) for name in ("top_k", "min_p")]
        command += [part for name in names for part in ("--set", f"{name}=0")]
    return subprocess.Popen(
        command,
        env={**os.environ, "LWD_HOME": str(home), "COLUMNS": "200", "OPENAI_API_KEY": KEY},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
