"""The embedder and its process, with the libraries replaced by small ones of the same shape."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from textual.app import App

from lwd_tui.backends.sentence_transformers.embedder import SentenceTransformersEmbedder
from lwd_tui.experiment.backend import BackendStopped, Embedder, ModelMissing

# A vector is (length, vowels), times two in the last module but one; `Normalize` comes last.
LIBRARY = """
import itertools, os, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from transformers import dynamic_module_utils
from sentence_transformers.models import Double, Normalize

LOADS = itertools.count()
print("hello from a library")
os.write(1, b"\\x05\\x00\\x00\\x00 and from C\\n")

class SentenceTransformer:
    max_seq_length = 6
    device = SimpleNamespace(type="cpu")

    def __init__(self, source, local_files_only=False):
        if Path(source).name == "partial":
            if local_files_only:
                raise OSError("a file is missing")
        else:
            assert local_files_only
        if Path(source).name == "boundless":
            self.max_seq_length = None
        if Path(source).name == "wants-code":
            raise ValueError("please pass trust_remote_code=True")
        if Path(source).name == "own-code":
            dynamic_module_utils.get_class_from_dynamic_module("modeling.Own", source)
        if Path(source).name == "broken":
            raise ValueError("the weights don't fit:\\nlayer 3 \\x1b[31mmissing")
        if Path(source).name == "dies":
            os.write(2, b"fatal: no such instruction\\n")
            os._exit(3)
        self.modules = [Double(), Normalize()]
        # The libraries take random weights; counted ones are never the same by chance.
        self.shift = next(LOADS) if Path(source).name == "incomplete" else 0

    def __getitem__(self, index):
        return self.modules[index]

    def __delitem__(self, index):
        del self.modules[index]

    def parameters(self):
        return iter([SimpleNamespace(numel=lambda: 23_000_000, dtype="torch.float32")])

    def tokenizer(self, texts, truncation, padding):
        assert truncation is padding is False
        return {"input_ids": [text.split() for text in texts]}

    def encode(self, texts, prompt, normalize_embeddings=False, show_progress_bar=False):
        assert prompt == ""
        for text in texts:
            if text == "sleep":
                time.sleep(60)
            if text == "die":
                os._exit(9)
            if text == "fail":
                raise RuntimeError("out of memory")
        print("encoding")
        rows = [[len(text), sum(letter in "aeiou" for letter in text)] for text in texts]
        vectors = np.array(rows, dtype=np.float32)
        vectors += self.shift
        for module in self.modules:
            vectors = module(vectors)
        if normalize_embeddings:
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        if "nan" in texts:
            vectors[0] = np.nan
        return vectors
"""
MODULES = """
import numpy as np

class Double:
    def __call__(self, vectors):
        return vectors * 2

class Normalize:
    def __call__(self, vectors):
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
"""
HUB = """
import pathlib
from huggingface_hub import errors

def hf_hub_download(repository, name, local_files_only=False):
    cached = pathlib.Path(__file__).parents[2] / "cache" / repository / name
    if repository == "nobody/no modules":
        raise errors.HFValidationError
    if not cached.is_file():
        raise errors.LocalEntryNotFoundError
    return str(cached)

class HfApi:
    def model_info(self, repository, timeout):
        if repository.startswith("gone/"):
            raise errors.RepositoryNotFoundError
        raise OSError("Name or service not known")
"""
ERRORS = """
class EntryNotFoundError(Exception): pass
class LocalEntryNotFoundError(EntryNotFoundError): pass
class RepositoryNotFoundError(Exception): pass
class GatedRepoError(Exception): pass
class HFValidationError(ValueError): pass
"""


@pytest.fixture(autouse=True)
def libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the small libraries where the worker finds them first."""
    folder = tmp_path / "libraries"
    for name, text in {
        "sentence_transformers/__init__.py": LIBRARY,
        "sentence_transformers/models.py": MODULES,
        "transformers/__init__.py": "",
        "transformers/dynamic_module_utils.py": "def get_class_from_dynamic_module(*_): pass",
        "huggingface_hub/__init__.py": HUB,
        "huggingface_hub/errors.py": ERRORS,
    }.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


def make_model(folder: Path) -> str:
    """Write a folder that looks like a model."""
    folder.mkdir(parents=True)
    (folder / "modules.json").write_text("[]")
    (folder / "model.safetensors").write_bytes(b"weights")
    return str(folder)


@pytest.fixture
async def raw(tmp_path: Path) -> AsyncIterator[SentenceTransformersEmbedder]:
    embedder = SentenceTransformersEmbedder(make_model(tmp_path / "model"), "", normalise=False)
    yield embedder
    await embedder.aclose()


async def refusal(model: str) -> str:
    """Return what is said of a model that can't be opened."""
    embedder = SentenceTransformersEmbedder(model, "", normalise=True)
    with pytest.raises(ModelMissing) as refused:
        await embedder.describe()
    await embedder.aclose()
    assert refused.value.exit_code == 3
    return str(refused.value)


async def test_raw_vectors_come_from_before_the_normalising_module(
    raw: SentenceTransformersEmbedder,
) -> None:
    assert isinstance(raw, Embedder)
    answer = await raw.embed(["aeiou", "xyz"])
    assert answer.vectors.tolist() == [[10, 10], [6, 0]]
    assert answer.vectors.dtype == np.float32
    assert answer.truncated == (False, False)


async def test_prefix_and_normalisation(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    embedder = SentenceTransformersEmbedder(model, "ab", normalise=True)
    answer = await embedder.embed(["c", "xaeo"])
    await embedder.aclose()
    assert answer.vectors == pytest.approx(np.array([[3, 1], [6, 4]]) / np.sqrt([[10], [52]]))


async def test_what_is_known_of_the_model(raw: SentenceTransformersEmbedder) -> None:
    known = await raw.describe()
    assert known.backend == "sentence-transformers"
    # What sha256sum says of the seven bytes "weights".
    assert known.digest == "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c"
    assert (known.parameters, known.quantisation, known.size) == ("23M", "float32", 7)
    assert known.context_length == 6
    assert known.capabilities == ("embed",)


async def test_weights_in_several_files_of_a_model_without_a_window(tmp_path: Path) -> None:
    model = make_model(tmp_path / "boundless")
    (Path(model) / "more.safetensors").write_bytes(b"more")
    embedder = SentenceTransformersEmbedder(model, "", normalise=False)
    known = await embedder.describe()
    found = await embedder.embed(["word " * 1000])
    await embedder.aclose()
    # As sha256sum lists them.
    files = {"model.safetensors": b"weights", "more.safetensors": b"more"}
    lines = "".join(f"{sha256(data).hexdigest()}  {name}\n" for name, data in files.items())
    assert known.digest == sha256(lines.encode()).hexdigest()
    assert (known.size, known.context_length) == (11, None)
    assert found.truncated == (False,)


async def test_what_the_cache_lacks_is_fetched_and_what_a_folder_lacks_is_told(
    tmp_path: Path,
) -> None:
    make_model(tmp_path / "cache" / "org" / "partial")
    embedder = SentenceTransformersEmbedder("org/partial", "", normalise=False)
    assert (await embedder.embed(["abc"])).vectors.tolist() == [[6, 2]]
    await embedder.aclose()
    told = await refusal(make_model(tmp_path / "partial"))
    assert "can't be loaded: OSError: a file is missing" in told


async def test_a_model_that_asks_to_run_its_own_code_is_refused(
    tmp_path: Path, libraries: Path
) -> None:
    told = await refusal(make_model(tmp_path / "wants-code"))
    assert "it comes with Python code of its own, which is never run here" in told
    # Where that can't be kept from running, nothing is loaded.
    (libraries / "transformers" / "dynamic_module_utils.py").write_text("")
    assert "install transformers 5" in await refusal(make_model(tmp_path / "any"))


async def test_cut_texts_are_flagged(raw: SentenceTransformersEmbedder) -> None:
    answer = await raw.embed(["one two three", "1 2 3 4 5 6", "1 2 3 4 5 6 7"])
    assert answer.truncated == (False, False, True)


async def test_many_texts_keep_their_order(raw: SentenceTransformersEmbedder) -> None:
    texts = ["x" * length for length in range(1, 150)]
    answer = await raw.embed(texts)
    assert answer.vectors[:, 0].tolist() == [2 * length for length in range(1, 150)]
    assert len(answer.truncated) == 149


async def test_no_texts(raw: SentenceTransformersEmbedder) -> None:
    assert (await raw.embed([])).vectors.shape == (0, 2)


async def test_a_cancelled_request_does_not_mix_up_the_next(
    raw: SentenceTransformersEmbedder,
) -> None:
    await raw.describe()
    first = asyncio.create_task(raw.embed(["a"] * 200))
    second = asyncio.create_task(raw.embed(["bbb"]))
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).vectors.tolist() == [[6, 0]]
    assert (await raw.embed(["cc"])).vectors.tolist() == [[4, 0]]


async def test_closing_does_not_wait_for_the_work(raw: SentenceTransformersEmbedder) -> None:
    await raw.describe()
    task = asyncio.create_task(raw.embed(["sleep"]))
    await asyncio.sleep(0.05)
    await raw.aclose()
    # Had it been waited for, it would have come to vectors.
    with pytest.raises(BackendStopped):
        await task


async def test_closing_while_it_opens(tmp_path: Path) -> None:
    embedder = SentenceTransformersEmbedder(make_model(tmp_path / "model"), "", normalise=True)
    task = asyncio.create_task(embedder.describe())
    await asyncio.sleep(0.01)
    await embedder.aclose()
    with pytest.raises(asyncio.CancelledError):
        await task
    unused = SentenceTransformersEmbedder("any", "", normalise=True)
    await unused.aclose()


async def test_a_dead_process_is_told(raw: SentenceTransformersEmbedder) -> None:
    with pytest.raises(BackendStopped, match=r"its process ended with code 9.*resumed") as died:
        await raw.embed(["die"])
    assert died.value.exit_code == 4
    with pytest.raises(BackendStopped, match="code 9"):
        await raw.embed(["one"])


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
async def test_a_killed_process_is_told(raw: SentenceTransformersEmbedder) -> None:
    await raw.describe()
    (worker,) = workers(os.getpid())
    os.kill(worker, signal.SIGINT)
    assert (await raw.embed(["aa"])).vectors.tolist() == [[4, 4]]
    os.kill(worker, signal.SIGKILL)
    with pytest.raises(BackendStopped, match="memory runs out"):
        await raw.embed(["one"])


async def test_a_failure_of_the_library_is_told(raw: SentenceTransformersEmbedder) -> None:
    with pytest.raises(BackendStopped, match="could not embed: RuntimeError: out of memory"):
        await raw.embed(["fail"])
    with pytest.raises(BackendStopped, match="zero or not finite"):
        await raw.embed(["nan"])
    assert (await raw.embed(["aa"])).vectors.tolist() == [[4, 4]]


async def test_models_that_can_not_be_opened(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "holds no modules.json" in await refusal(str(tmp_path / "empty"))
    assert "is not a folder" in await refusal("/nowhere/at/all")
    assert "is not a folder" in await refusal("./nowhere")
    offline = await refusal("all-MiniLM-L6-v2")
    assert "sentence-transformers/all-MiniLM-L6-v2 is not in the hub's cache" in offline
    assert "Name or service not known" in offline
    assert "is not on the hub" in await refusal("gone/model")
    assert "neither a folder nor a name" in await refusal("nobody/no modules")
    broken = await refusal(make_model(tmp_path / "broken"))
    assert broken.endswith("ValueError: the weights don't fit: layer 3 missing")
    incomplete = await refusal(make_model(tmp_path / "incomplete"))
    assert "lack some of the weights" in incomplete
    assert "Python code of its own" in await refusal(make_model(tmp_path / "own-code"))


async def test_death_while_loading(tmp_path: Path) -> None:
    embedder = SentenceTransformersEmbedder(make_model(tmp_path / "dies"), "", normalise=True)
    with pytest.raises(BackendStopped, match=r"code 3 \(fatal: no such instruction\)"):
        await embedder.describe()
    await embedder.aclose()


async def test_a_cached_hub_name_needs_no_network(tmp_path: Path) -> None:
    make_model(tmp_path / "cache" / "sentence-transformers" / "tiny")
    embedder = SentenceTransformersEmbedder("tiny", "", normalise=True)
    assert (await embedder.describe()).size == 7
    await embedder.aclose()


async def test_a_missing_extra_is_named(libraries: Path, tmp_path: Path) -> None:
    (libraries / "transformers" / "dynamic_module_utils.py").write_text("import torch_is_missing")
    sentence = await refusal(make_model(tmp_path / "model"))
    assert 'pip install "lwd-tui[sentence-transformers]"' in sentence


async def test_inside_a_running_app(raw: SentenceTransformersEmbedder) -> None:
    async with App[None]().run_test():
        assert (await raw.embed(["aa"])).vectors.tolist() == [[4, 4]]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_dies_with_its_parent(tmp_path: Path) -> None:
    model = make_model(tmp_path / "model")
    script = f"""
        import asyncio
        from lwd_tui.backends.sentence_transformers.embedder import SentenceTransformersEmbedder

        async def main():
            embedder = SentenceTransformersEmbedder({model!r}, "", True)
            await embedder.describe()
            print("ready", flush=True)
            await embedder.embed(["sleep"])

        asyncio.run(main())
    """
    command = [sys.executable, "-c", textwrap.dedent(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"ready\n"
        (worker,) = workers(parent.pid)
        parent.kill()
    deadline = time.monotonic() + 5
    while alive(worker) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(worker)


def test_import_loads_no_library() -> None:
    code = (
        "import sys, lwd_tui.backends.sentence_transformers.embedder;"
        "assert not {'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def workers(parent: int) -> list[int]:
    """Return the children of a process."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(child) for child in children.split()]


def alive(process: int) -> bool:
    """Say whether a process runs; one that waits to be reaped doesn't."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
