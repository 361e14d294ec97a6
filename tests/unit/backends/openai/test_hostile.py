"""Whatever a server sends, what comes out is an answer or an error that a user can read."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from support.compatible import Compatible
from support.http import Reply, Request
from support.requests import answers, openai, wish

from lwd_tui.backends.openai.embedder import OpenAIEmbedder
from lwd_tui.experiment.backend import BackendError

_WORDS = st.sampled_from(
    ["m", "vllm", "llamacpp", "library", "id", "data", "owned_by", "meta", "n_ctx", "max_model_len",
     "context_length", "error", "message", "code", "param", "detail", "version", "total_slots",
     "tokens", "n_prompt_tokens", "context length 7", "top_k", "max_tokens is unsupported", "n",
     "embedding", "index", "usage", "", "\x1b[31m", "\ud800"]
)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)
_PATHS = st.sampled_from(
    ["/v1/models", "/props", "/api/version", "/tokenize", "/v1/chat/completions", "/v1/embeddings"]
)
_OWNERS = st.sampled_from(["vllm", "llamacpp", "sglang", "someone"])
_STATUS = st.sampled_from([200, 200, 204, 301, 400, 401, 404, 413, 422, 429, 500, 501, 503])


class Odd(Compatible):
    """Answers one path as it is told, and the others as it should."""

    def __init__(self, owner: str, path: str, status: int, body: Any) -> None:
        super().__init__(owner)
        self.odd = path, status, body

    async def _answer(self, request: Request, reply: Reply) -> None:
        path, status, body = self.odd
        if request.path == path:
            await reply.send(status, body)
        else:
            await super()._answer(request, reply)


@settings(max_examples=50, deadline=None)
@given(_OWNERS, _PATHS, _STATUS, _JSON)
def test_no_answer_of_a_server_ends_in_an_error_of_ours(
    owner: str, path: str, status: int, body: Any
) -> None:
    async def speak() -> None:
        async with Odd(owner, path, status, body) as server:
            generator = openai(server.url, attempts=2, first_delay=0.001)
            with suppress(BackendError):
                await generator.describe("m")
                await generator.count_tokens("m", "one two")
                await generator.prepare({"m": 64}, 2)
                request = wish("m", (1, 2), top_k=0, min_p=0.0)
                await generator.try_out(request)
                for answer in await answers(generator, request):
                    assert isinstance(answer.text, str)
            await generator.aclose()
            embedder = OpenAIEmbedder(
                "m", "", True, [server.url], attempts=2, first_delay=0.001, seconds=2
            )
            with suppress(BackendError):
                await embedder.embed(["one", "two"])
            await embedder.aclose()

    asyncio.run(speak())
