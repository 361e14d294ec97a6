"""Eight responses to one prompt against a loop that sends each as its own, uncached request.

Both run SmolLM2-135M in this process on one thread, with the same prompts, seeds and sampling.
The tokens are those that llama.cpp itself counts as computed.
"""

import asyncio
import time
from contextlib import aclosing

from lwd_tui.backends.embedded.generator import LlamaCppGenerator
from lwd_tui.backends.embedded.model import LlamaCppModel, Shape
from lwd_tui.backends.embedded.packaged import pull
from lwd_tui.experiment.backend import GenerateRequest
from lwd_tui.experiment.llm import Sampling
from lwd_tui.types import Prompt

MODEL = "smollm2-135m"
RESPONSES = 8
CONTEXT = 1024
SAMPLING = Sampling(max_tokens=16)
SEEDS = tuple(range(100, 100 + RESPONSES))
PROMPTS = [
    "Posts on the Internet:\n"
    + "".join(
        f"- Post {step}.{post}: the market for bitcoin moves, and {name} writes about it again.\n"
        for post, name in enumerate(["Ada", "Ben", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hal"])
    )
    + "\nQuestion: what are the future prospects of Bitcoin?\nAnswer:"
    for step in range(2)
]


def prompt_tokens_evaluated(model: LlamaCppModel) -> int:
    """Return the tokens of prompts that llama.cpp says it computed since the model was loaded."""
    name = "llamacpp:prompt_tokens_total "
    lines = str(model._server.handle_metrics()).splitlines()
    return next(int(line.removeprefix(name)) for line in lines if line.startswith(name))


async def shared() -> tuple[int, float]:
    """Ask as a run does, all responses to a prompt at once; return tokens and seconds."""
    generator = LlamaCppGenerator()
    await generator.prepare({MODEL: CONTEXT}, RESPONSES)
    began = time.perf_counter()
    for text in PROMPTS:
        prompt = Prompt.completion(text)
        request = GenerateRequest(MODEL, prompt, SEEDS, SAMPLING, CONTEXT)
        async with aclosing(generator.generate(request)) as answers:
            assert len([answer async for answer in answers]) == RESPONSES
    seconds = time.perf_counter() - began
    (worker,) = generator._workers.values()
    tokens = await worker.run(Shape(1, 1, 1), prompt_tokens_evaluated)
    await generator.aclose()
    return tokens, seconds


def one_by_one() -> tuple[int, float]:
    """Ask for each response by itself; return tokens and seconds."""
    model = LlamaCppModel(pull(MODEL), Shape(CONTEXT, 1, CONTEXT))
    began = time.perf_counter()
    for text in PROMPTS:
        for seed in SEEDS:
            body = SAMPLING.model_dump() | {"prompt": text, "seed": seed, "cache_prompt": False}
            assert "choices" in model._server.handle_completions(body)
    seconds = time.perf_counter() - began
    tokens = prompt_tokens_evaluated(model)
    model.close()
    return tokens, seconds


def main() -> None:
    pull(MODEL)
    naive_tokens, naive_seconds = one_by_one()
    tokens, seconds = asyncio.run(shared())
    ratio = tokens / naive_tokens
    print(f"{len(PROMPTS)} prompts, {RESPONSES} responses each, {MODEL}, one thread")
    print(f"each by itself:   {naive_tokens:6} prompt tokens evaluated, {naive_seconds:6.1f} s")
    print(f"all at once:      {tokens:6} prompt tokens evaluated, {seconds:6.1f} s")
    print(f"ratio:            {ratio:6.3f} of the tokens (at most 0.25), ", end="")
    print(f"{seconds / naive_seconds:.3f} of the time")
    assert ratio <= 0.25


if __name__ == "__main__":
    main()
