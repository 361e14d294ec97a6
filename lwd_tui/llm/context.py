"""How many tokens of context a run needs, worked out before it starts."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

from lwd_tui.experiment.backend import rounded_context
from lwd_tui.experiment.llm import Experiment, Participant
from lwd_tui.llm.additions import OFF_TOPIC
from lwd_tui.llm.prompt import build_prompt

# A text costs another model's tokenizer more than its author's; and a chat template wraps turns.
FOREIGN_TOKENS = 1.25
TEMPLATE_TOKENS = 48


def estimated_tokens(text: str) -> int:
    """Estimate tokens where no tokenizer is at hand, rather too many than too few.

    English has about 4 bytes a token, other scripts fewer; 3 covers both.
    """
    return len(text.encode()) // 3 + 1


def outside_texts(experiment: Experiment) -> list[str]:
    """Return the texts of the posts that no participant writes, as far as a draw may hold them.

    Those of A(0); the whole reserve where `fresh` takes from it, since chance says which; noise as
    often as it may be drawn, at its longest.
    """
    texts = [post.text for post in experiment.posts]
    shuffled = experiment.noise_kind == "shuffled"
    longest = max(texts if shuffled else OFF_TOPIC, key=estimated_tokens, default="")
    if experiment.fresh:
        texts += [post.text for post in experiment.reserve]
    return texts + [longest] * min(experiment.noise * experiment.steps, _largest_draw(experiment))


def worst_context(
    experiment: Experiment, participant: Participant, post_tokens: Sequence[int], frame_tokens: int
) -> int:
    """Bound the context that the longest prompt of a run can need, answer included.

    The posts of the largest draw are taken to be the longest there can be. A synthetic post is
    at most `max_tokens` long, since an answer that was cut is never posted.

    Parameters
    ----------
    experiment : Experiment
    participant : Participant
        Whose prompts are meant.
    post_tokens : sequence of int
        Tokens of each of the `outside_texts`, as a line of the prompt.
    frame_tokens : int
        Tokens of the prompt without any post.

    Returns
    -------
    int
        Tokens, rounded up to a multiple of 256.
    """
    longest = max(who.sampling.max_tokens for who in experiment.cast)
    synthetic = int(longest * FOREIGN_TOKENS) + _marker_tokens(experiment)
    k = _largest_draw(experiment)
    added = experiment.posts_each if experiment.interaction else 0
    written = len(experiment.cast) * added * experiment.steps
    longer = sorted((cost for cost in post_tokens if cost > synthetic), reverse=True)[:k]
    rest = k - len(longer)
    from_models = min(rest, written)
    shorter = heapq.nlargest(
        rest - from_models, (cost for cost in post_tokens if cost <= synthetic)
    )
    posts = sum(longer) + from_models * synthetic + sum(shorter)
    answer = participant.sampling.max_tokens + participant.thinking_tokens
    total = frame_tokens + TEMPLATE_TOKENS + posts + answer
    return rounded_context(total)


def frame(experiment: Experiment, participant: Participant, query: str = "") -> str:
    """Return the text around the posts, for counting its tokens; with the longest query, or one."""
    template = experiment.template
    query = query or max(experiment.queries, key=estimated_tokens)
    empty = build_prompt(template, participant, query, ())
    around = template.chat if participant.style == "chat" else template.completion
    return f"{empty.text}\n{around}"


def _largest_draw(experiment: Experiment) -> int:
    return max(experiment.draw_size(experiment.size(t)) for t in range(experiment.steps + 1))


def _marker_tokens(experiment: Experiment) -> int:
    return estimated_tokens(experiment.template.post.replace("{post}", "")) + 1
