"""The Ollama backend against exchanges recorded from a real server."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from support.recorded import FOLDER, ReplayServer, exchange
from support.requests import answers, ollama, wish

from lwd_tui.backends.ollama.embedder import OllamaEmbedder
from lwd_tui.backends.ollama.models import choose_models, list_models
from lwd_tui.experiment.backend import ModelMissing, PromptTooLong, UnfitRequest
from lwd_tui.types import Message, Prompt


async def test_a_recorded_chat_comes_out_whole() -> None:
    async with ReplayServer({"/api/chat": "018-chat-stream"}) as server:
        generator = ollama(server.url)
        seen: list[tuple[int, str]] = []
        (answer,) = await answers(
            generator, wish(seeds=(42,), max_tokens=32), lambda *part: seen.append(part)
        )
        await generator.aclose()
    lines = [json.loads(line) for line in exchange("018-chat-stream")["ndjson_lines"]]
    assert answer.text == "".join(line["message"]["content"] for line in lines)
    assert (answer.prompt_tokens, answer.completion_tokens) == (22, 32)
    assert (answer.finish_reason, answer.seed, answer.retries) == ("length", 42, ())
    assert answer.host == server.url
    assert seen == [(0, line["message"]["content"]) for line in lines[:-1]]


def _recorded_text(name: str) -> str | None:
    """Return the text of a recorded chat that ended as it should, None for others."""
    recorded = exchange(name)
    if recorded["request"]["path"] != "/api/chat" or recorded["status"] != 200:
        return None
    lines = recorded.get("ndjson_lines") or [recorded["raw_body"]]
    parts = [json.loads(line) for line in lines]
    if not parts[-1].get("done") or parts[-1]["done_reason"] in ("load", "unload"):
        return None
    return "".join(part["message"]["content"] for part in parts)


CHATS = [path.stem for path in sorted(FOLDER.glob("*.json")) if _recorded_text(path.stem)]


async def test_every_recorded_chat_is_understood() -> None:
    assert len(CHATS) > 50
    async with ReplayServer({"/api/ps": "096-ps-numctx-over", "/api/chat": CHATS}) as server:
        generator = ollama(server.url, parallel=1)
        for name in CHATS:
            (answer,) = await answers(generator, wish(context=8192, max_tokens=1))
            assert answer.text == _recorded_text(name), name
            assert answer.finish_reason in ("stop", "length")
            assert answer.retries == ()
        await generator.aclose()


async def test_every_option_is_sent_and_the_prompt_may_not_be_cut() -> None:
    async with ReplayServer({"/api/chat": "018-chat-stream"}) as server:
        generator = ollama(server.url)
        request = wish(
            seeds=(42,), temperature=0.3, top_p=0.9, top_k=7, min_p=0.1, repeat_penalty=1.2,
            max_tokens=32, stop=("\n",),
        )  # fmt: skip
        await answers(generator, request)
        await generator.aclose()
    (body,) = server.asked("/api/chat")
    assert body["options"] == {
        "num_ctx": 512,
        "num_predict": 32,
        "temperature": 0.3,
        "top_p": 0.9,
        "top_k": 7,
        "min_p": 0.1,
        "repeat_penalty": 1.2,
        "seed": 42,
        # The model's own stop texts, which a list of ours would have replaced.
        "stop": ["<|im_start|>", "<|im_end|>", "\n"],
    }
    assert body["truncate"] is False
    assert body["shift"] is False
    assert body["keep_alive"] == "30m"
    assert "think" not in body
    assert body["messages"] == [
        {"role": "system", "content": "You are concise."},
        {"role": "user", "content": "Name a colour."},
    ]


async def test_a_completion_is_raw() -> None:
    async with ReplayServer({"/api/generate": "034-generate-stream"}) as server:
        generator = ollama(server.url)
        request = wish("gemma3:270m", prompt=Prompt.completion("Why is the sky"), max_tokens=32)
        (answer,) = await answers(generator, request)
        await generator.aclose()
    assert answer.text.startswith("The sky appears")
    body = next(body for body in server.asked("/api/generate") if body.get("stream"))
    assert body["raw"] is True
    assert body["prompt"] == "Why is the sky"


@pytest.mark.parametrize("exchanged", ["086-long-truncate-false", "087-long-shift-false"])
async def test_a_refused_prompt_names_the_context_needed(exchanged: str) -> None:
    async with ReplayServer({"/api/chat": exchanged}) as server:
        generator = ollama(server.url)
        with pytest.raises(PromptTooLong) as caught:
            await answers(generator, wish(context=256, max_tokens=16))
        await generator.aclose()
    assert caught.value.exit_code == 4
    if exchanged == "086-long-truncate-false":
        assert "1231 tokens" in str(caught.value)
        # 1231 and 16, rounded up to a multiple of 256.
        assert "context = 1280" in str(caught.value)


async def test_a_prompt_that_was_cut_silently_is_no_result() -> None:
    text = "The quick brown fox jumps over the lazy dog. " * 110
    async with ReplayServer({"/api/chat": "085-long-single-user-stream"}) as server:
        generator = ollama(server.url)
        prompt = Prompt("chat", (Message("user", text),))
        with pytest.raises(PromptTooLong, match=r"at least 990 tokens and the server read 130"):
            await answers(generator, wish(context=256, prompt=prompt, max_tokens=16))
        await generator.aclose()


async def test_a_context_that_the_server_clamps_is_refused() -> None:
    async with ReplayServer({"/api/ps": "096-ps-numctx-over"}) as server:
        generator = ollama(server.url)
        with pytest.raises(UnfitRequest, match=r"loaded with 8192 tokens .* needs 100096"):
            await generator.prepare({"smollm2:135m": 100096}, 8)
        await generator.aclose()


async def test_a_runner_that_dies_in_mid_stream_is_tried_again_and_recorded() -> None:
    recorded = ["223-runner-killed-midstream", "018-chat-stream"]
    async with ReplayServer({"/api/chat": recorded}) as server:
        generator = ollama(server.url)
        (answer,) = await answers(generator, wish(max_tokens=32))
        await generator.aclose()
    assert answer.text.startswith("This is only one example")
    (fault,) = answer.retries
    assert "an error inside the stream" in fault
    assert "unexpected EOF" in fault


async def test_a_full_queue_is_tried_again_and_recorded() -> None:
    async with ReplayServer({"/api/chat": ["queue-full-1", "018-chat-stream"]}) as server:
        generator = ollama(server.url)
        (answer,) = await answers(generator, wish(max_tokens=32))
        await generator.aclose()
    assert answer.retries == (
        f"{server.url}: HTTP 503: server busy, please try again.  maximum pending requests "
        "exceeded",
    )


@pytest.mark.parametrize(
    "exchanged", ["068-opt-wrong-type", "074-opt-format-invalid", "028-chat-think-unsupported"]
)
async def test_what_no_retry_can_help_is_not_retried(exchanged: str) -> None:
    async with ReplayServer({"/api/chat": exchanged}) as server:
        generator = ollama(server.url)
        with pytest.raises(UnfitRequest):
            await answers(generator, wish())
        await generator.aclose()
    assert len(server.asked("/api/chat")) == 1


async def test_a_missing_model_names_its_neighbours_and_the_command() -> None:
    async with ReplayServer() as server:
        generator = ollama(server.url)
        with pytest.raises(ModelMissing) as caught:
            await generator.describe("smolm2:130m")
        await generator.aclose()
    assert caught.value.exit_code == 3
    assert "smollm2:135m" in str(caught.value)
    assert f"lwd-tui models pull smolm2:130m --host {server.url}" in str(caught.value)


async def test_an_embedding_model_can_not_take_part() -> None:
    async with ReplayServer() as server:
        generator = ollama(server.url)
        with pytest.raises(UnfitRequest, match="can't generate"):
            await generator.prepare({"all-minilm:l6": 512}, 2)
        with pytest.raises(UnfitRequest, match="can't generate"):
            await answers(generator, wish("all-minilm:l6"))
        await generator.aclose()


async def test_models_are_described_as_recorded() -> None:
    async with ReplayServer({"/api/ps": "031-ps-two"}) as server:
        models = {model.name: model for model in await list_models(server.url)}
    smol, minilm = models["smollm2:135m"], models["all-minilm:l6"]
    assert list(models) == sorted(models)
    assert (smol.family, smol.parameters, smol.quantisation) == ("llama", "134.52M", "Q4_1")
    assert (smol.size, smol.context_length) == (98363129, 8192)
    assert smol.digest.startswith("2ec60fafd372")
    assert smol.capabilities == ("generate", "chat")
    assert (smol.loaded, smol.gpu_share, smol.server) == (False, None, "Ollama 0.32.15")
    # The list of tags calls it able to complete; what it is made of says otherwise.
    assert minilm.capabilities == ("embed",)
    assert (models["gemma3:270m"].loaded, models["gemma3:270m"].gpu_share) == (True, 0.0)


async def test_the_choice_prefers_loaded_models_then_small_ones_of_other_families() -> None:
    async with ReplayServer({"/api/ps": "031-ps-two"}) as server:
        # Loaded are gemma3 and smollm2-plain; smollm2 is of a family that is there already.
        assert await choose_models(server.url) == [
            "smollm2-plain:latest",
            "gemma3:270m",
            "smollm2:135m",
        ]
        assert await choose_models(server.url, 1) == ["smollm2-plain:latest"]
    async with ReplayServer({"/api/ps": "004-ps-before"}) as server:
        assert await choose_models(server.url, 2) == ["smollm2-plain:latest", "gemma3:270m"]


async def test_unit_vectors_keep_their_order() -> None:
    async with ReplayServer({"/api/embed": ["040-embed-single", "039-embed-list"]}) as server:
        embedder = OllamaEmbedder("all-minilm:l6", "", True, [server.url], first_delay=0.01)
        info = await embedder.describe()
        found = await embedder.embed(["hello world", "the sky is blue", "hello world"])
        await embedder.aclose()
    recorded = json.loads(exchange("039-embed-list")["raw_body"])["embeddings"]
    assert info.capabilities == ("embed",)
    np.testing.assert_allclose(found.vectors, np.array(recorded), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1, atol=1e-6)
    assert found.truncated == (False, False, False)
    assert server.asked("/api/embed")[-1]["truncate"] is False


async def test_a_shorter_list_than_asked_for_is_a_fault_and_never_a_result() -> None:
    single = "040-embed-single"
    async with ReplayServer({"/api/embed": [single, "042-embed-empty-list", single]}) as server:
        embedder = OllamaEmbedder("all-minilm:l6", "", True, [server.url], first_delay=0.01)
        await embedder.describe()
        found = await embedder.embed(["hello world", "the sky is blue", "hello world"])
        await embedder.aclose()
    assert found.vectors.shape == (3, 384)
    assert found.missing == (False,) * 3
    # The probe, the batch, and each text by itself.
    assert [len(body["input"]) for body in server.asked("/api/embed")] == [1, 3, 1, 1, 1]


async def test_vectors_of_length_1_are_not_called_raw() -> None:
    answers_by_path: dict[str, Any] = {
        "/api/embed": "040-embed-single",
        "/api/embeddings": "049-embeddings-legacy",
    }
    async with ReplayServer(answers_by_path) as server:
        embedder = OllamaEmbedder("all-minilm:l6", "", False, [server.url])
        with pytest.raises(UnfitRequest, match=r"embedder\.normalise = true"):
            await embedder.describe()
        await embedder.aclose()


async def test_a_chat_model_can_not_embed() -> None:
    async with ReplayServer({"/api/embed": "050-embed-on-chat-model"}) as server:
        embedder = OllamaEmbedder("smollm2:135m", "", True, [server.url])
        with pytest.raises(UnfitRequest, match="does not support embeddings"):
            await embedder.describe()
        await embedder.aclose()
