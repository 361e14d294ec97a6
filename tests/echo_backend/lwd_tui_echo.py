"""A whole backend in a package of its own: it says again what it read last.

`lwd_tui.experiment.backend` is the contract; the entry point in pyproject.toml is all that makes
lwd-tui find it.
"""

import numpy as np

from lwd_tui.experiment.backend import Backend, Embeddings, Generation, Offer
from lwd_tui.types import ModelInfo


class Echo:
    """Answers with the last line of the prompt that is a post, and the number of the answer."""

    async def describe(self, model):
        return ModelInfo(model, "echo", capabilities=("generate", "chat"), loaded=True)

    async def count_tokens(self, model, text):
        return len(text.split())

    async def prepare(self, contexts, answers):
        pass

    async def generate(self, request, preview=None):
        posts = [line for line in request.prompt.text.splitlines() if line.startswith("- ")]
        said = posts[-1].removeprefix("- ") if posts else "Nothing was there to read."
        for position, seed in enumerate(request.seeds):
            text = f"{said} ({position})"
            yield Generation(position, text, seed, "stop", None, len(text.split()), 0.0)

    async def aclose(self):
        pass


class Lengths:
    """Embeds a text as its number of letters and of blanks."""

    def __init__(self, model):
        self.model = model

    async def describe(self):
        return ModelInfo(self.model, "echo", capabilities=("embed",), loaded=True)

    async def embed(self, texts):
        rows = [(len(text) - text.count(" "), text.count(" ")) for text in texts]
        return Embeddings(np.array(rows, dtype=np.float32), (False,) * len(texts))

    async def aclose(self):
        pass


async def look(host):
    return Offer("echo", "", True, "says again what it reads", (await Echo().describe("echo"),))


BACKEND = Backend(
    generator=lambda opening: Echo(),
    embedder=lambda spec, opening: Lengths(spec.model),
    look=look,
    embedding_model="lengths",
    title="the echo",
)
