"""The fields of an experiment and of a participant, as the forms show them."""

from __future__ import annotations

from typing import get_args

from lwd_tui.experiment.exchange import Posting, Retrieval, Topology
from lwd_tui.experiment.llm import NoiseKind, Ranking
from lwd_tui.experiment.registry import embedders, generators
from lwd_tui.tui.parts.form import Field
from lwd_tui.types import PromptStyle, Think

EXPERIMENT = (
    Field("name", "name", kind="text"),
    Field("responses", "L  responses", "answers of each at each step"),
    Field("beta", "beta", "share of the posts read"),
    Field("steps", "T  steps", "the run has t = 0 to T"),
    Field("seed", "seed", "of all randomness"),
    Field("retrieval", "draws, one for", kind="choice", choices=get_args(Retrieval)),
    Field("embedder.backend", "embedder", kind="choice", choices=embedders()),
    Field("embedder.model", "its model", kind="text"),
    Field("embedder.host", "its host", kind="text"),
    Field("embedder.prefix", "its prefix", kind="text"),
    Field("embedder.normalise", "unit vectors", "no: raw, as the paper", kind="yes/no"),
)

BEYOND = (
    Field("interaction", "answers posted", "no is the control", kind="yes/no"),
    Field("posts_each", "posts each", "answers of each posted"),
    Field("posting", "posts stay", kind="choice", choices=get_args(Posting)),
    Field("window", "window", "steps, where that is a window"),
    Field("fresh", "fresh", "posts of the reserve, each step"),
    Field("noise", "noise", "senseless posts, each step"),
    Field("noise_kind", "its kind", kind="choice", choices=get_args(NoiseKind)),
    Field("ranking", "which are read", kind="choice", choices=get_args(Ranking)),
    Field("topology", "who reads whom", kind="choice", choices=get_args(Topology)),
    Field("islands", "islands", "how many, where there are any"),
    Field("reads", "own graph", "as [[1], [0]]", kind="list"),
)

UNSTATED = (
    Field("max_attempts", "attempts", "at an answer that can't be used"),
    Field("template.system", "system prompt", kind="prose"),
    Field("template.post", "a post", kind="prose"),
    Field("template.chat", "chat prompt", kind="prose"),
    Field("template.completion", "base prompt", kind="prose"),
    Field("template.unread", "none to read", kind="prose"),
    Field("description", "description", kind="prose"),
)

SCRIPTED = (
    Field("scripted.attraction", "attraction", "0 heeds nothing, 1 only repeats"),
    Field("scripted.spread", "spread", "of the answers of one model"),
    Field("scripted.tokens_per_second", "tokens / s", "0 answers at once"),
    Field("scripted.failures", "failures", "share that can't be used"),
)

PARTICIPANT = (
    Field("name", "name", "shown everywhere", kind="text"),
    Field("backend", "backend", kind="choice", choices=generators()),
    Field("model", "model", "or a .gguf file", kind="text"),
    Field("host", "host", "blank: the run's", kind="text"),
    Field("style", "style", kind="choice", choices=get_args(PromptStyle)),
    Field("think", "think", kind="choice", choices=get_args(Think)),
    Field("silent", "silent", "answers, and posts nothing", kind="yes/no"),
    Field("context", "context", "tokens; 0: what k_T posts need"),
    Field("sampling.temperature", "temperature", "0 always takes the likeliest"),
    Field("sampling.top_p", "top_p", "share of the likeliest tokens"),
    Field("sampling.top_k", "top_k", "number of the likeliest; 0: all"),
    Field("sampling.min_p", "min_p", "least share of the likeliest one"),
    Field("sampling.repeat_penalty", "repeat penalty", "1: none"),
    Field("sampling.max_tokens", "max tokens", "a longer answer isn't used"),
    Field("sampling.thinking_tokens", "thinking", "tokens beyond those, where it thinks"),
    Field("sampling.stop", "stop", 'as ["\\n"]', kind="list"),
)
