"""The OpenAI-compatible backend against a real server: xllamacpp's own, with packaged weights."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import httpx
import numpy as np
import pytest
from support.llama_server import llama_server
from support.requests import answers, wish

from lwd_tui.backends.embedded.packaged import pull
from lwd_tui.backends.openai.embedder import OpenAIEmbedder
from lwd_tui.backends.openai.generator import OpenAIGenerator
from lwd_tui.experiment.backend import ModelMissing, PromptTooLong, UnfitRequest
from lwd_tui.types import Message, Prompt

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with llama_server(pull("smollm2-135m"), slots=4, context=1024) as url:
        yield url


@pytest.fixture(scope="module")
def embedding_server() -> Iterator[str]:
    with llama_server(pull("all-minilm-l6-v2"), slots=1, context=256, embedding=True) as url:
        yield url


def only_model(url: str) -> str:
    listed = httpx.get(f"{url}/v1/models", trust_env=False).json()
    return str(listed["data"][0]["id"])


async def test_it_is_known_for_what_it_is(server: str) -> None:
    generator = OpenAIGenerator([server])
    info = await generator.describe(only_model(server))
    assert (info.server, info.context_length) == ("llama-server", 1024)
    assert (info.parameters, info.quantisation) == ("135M", "Q4_1")
    assert await generator.count_tokens(only_model(server), "hello world") == 2
    with pytest.raises(ModelMissing):
        await generator.describe("another")
    with pytest.raises(UnfitRequest, match="2048 tokens or more for each slot"):
        await generator.prepare({only_model(server): 2048}, 4)
    await generator.aclose()


async def test_answers_asked_for_at_once_are_those_of_their_seeds(server: str) -> None:
    name = only_model(server)
    generator = OpenAIGenerator([server])
    together = await answers(generator, wish(name, tuple(range(70, 76)), max_tokens=24))
    # Four slots: seeds 70 to 73 went with one request, 74 and 75 with the next.
    assert [answer.seed for answer in together] == [70, 71, 72, 73, 74, 75]
    alone = [(await answers(generator, wish(name, (seed,), max_tokens=24)))[0] for seed in (71, 73)]
    await generator.aclose()
    assert [together[1].text, together[3].text] == [answer.text for answer in alone]
    assert len({answer.text for answer in together}) > 1
    for answer in together:
        assert answer.prompt_tokens == together[0].prompt_tokens
        assert answer.completion_tokens is not None
        assert 1 <= answer.completion_tokens <= 24
        assert answer.finish_reason in ("stop", "length")


async def test_a_completion(server: str) -> None:
    generator = OpenAIGenerator([server])
    request = wish(only_model(server), (5,), Prompt.completion("The sky is"), max_tokens=8)
    (answer,) = await answers(generator, request)
    await generator.aclose()
    assert answer.prompt_tokens == 3
    assert answer.text.strip()


async def test_a_prompt_that_is_too_long_names_the_context_needed(server: str) -> None:
    generator = OpenAIGenerator([server])
    prompt = Prompt("chat", (Message("user", "word " * 1500),))
    with pytest.raises(
        PromptTooLong, match=r"the prompt has 15\d\d tokens; start llama-server with 1792"
    ):
        await answers(generator, wish(only_model(server), prompt=prompt, context=1024))
    await generator.aclose()


async def test_a_cancelled_answer_frees_its_slots(server: str) -> None:
    name = only_model(server)
    generator = OpenAIGenerator([server])
    started = asyncio.Event()
    story = Prompt("chat", (Message("user", "Tell a very long story about the sea."),))

    async def ask() -> None:
        request = wish(name, (1, 2, 3, 4), story, max_tokens=900)
        async with aclosing(generator.generate(request, lambda *_: started.set())) as stream:
            async for _ in stream:
                pass

    asking = asyncio.create_task(ask())
    await asyncio.wait_for(started.wait(), 60)
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    async with asyncio.timeout(20), httpx.AsyncClient(trust_env=False) as client:
        busy = True
        while busy:
            await asyncio.sleep(0.05)
            slots = (await client.get(f"{server}/slots")).json()
            busy = any(slot["is_processing"] for slot in slots)
    await generator.aclose()


@pytest.mark.parametrize("normalise", [True, False])
async def test_vectors_raw_and_of_unit_length(embedding_server: str, normalise: bool) -> None:
    embedder = OpenAIEmbedder(only_model(embedding_server), "", normalise, [embedding_server])
    await embedder.describe()
    texts = ["Bitcoin will rise.", "The cat sleeps.", "Bitcoin is going to rise."]
    vectors = (await embedder.embed(texts)).vectors
    await embedder.aclose()
    lengths = np.linalg.norm(vectors, axis=1)
    assert vectors.shape == (3, 384)
    assert bool(np.allclose(lengths, 1, atol=1e-5)) is normalise
    units = vectors / lengths[:, None]
    assert units[0] @ units[2] > units[0] @ units[1]


async def test_a_text_over_the_window_is_refused_and_not_cut(embedding_server: str) -> None:
    embedder = OpenAIEmbedder(only_model(embedding_server), "", True, [embedding_server])
    with pytest.raises(UnfitRequest):
        await embedder.embed(["word " * 400])
    await embedder.aclose()
