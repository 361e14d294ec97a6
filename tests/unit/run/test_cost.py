"""What a run costs: by hand, against the network itself, and as a scripted model measures."""

from contextlib import aclosing

import pytest

from lwd_tui.backends.scripted import ScriptedGenerator
from lwd_tui.experiment.backend import BackendError
from lwd_tui.experiment.files import load_preset
from lwd_tui.experiment.llm import Experiment, Scripted
from lwd_tui.llm.clock import Clock
from lwd_tui.llm.internet import Internet
from lwd_tui.llm.network import Network, StepStarted
from lwd_tui.run.cost import Speed, estimate, runner, strain
from lwd_tui.run.rehearsal import probe, rehearse
from lwd_tui.types import Post


def experiment(**changes):
    base = {
        "name": "x",
        "query": "What will become of it?",
        "responses": 5,
        "steps": 12,
        "participants": [
            {"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben", "cleo")
        ],
        "embedder": {"backend": "scripted", "model": "words-64"},
        "posts": [{"text": f"Post number {i} is about savings."} for i in range(20)],
    }
    return Experiment.from_dict(base | changes)


def test_the_papers_run():
    cost = estimate(load_preset("bitcoin-paper"))
    assert cost.responses == 7320
    assert cost.prompts == 183
    assert "7,320 responses to 183 prompts" in cost.sentence()
    assert cost.seconds is None


def test_prompt_tokens_by_hand():
    # beta = 1 and no interaction: all four posts are read at each of 3 steps. A post of 7 letters
    # has 7 // 4 + 1 = 2 tokens; the frame is the template's text, counted with its places.
    spec = experiment(
        responses=2,
        steps=2,
        beta=1.0,
        interaction=False,
        posts=[{"text": "1234567"}] * 4,
        template={"system": "", "post": "{post}", "chat": "{posts}{query}", "unread": "{query}"},
        query="abcd",
        participants=[{"name": "a", "backend": "scripted", "model": "m"}],
    )
    frame = len("abcd\n{posts}{query}") // 4 + 1
    cost = estimate(spec)
    assert cost.shares[0].prompts == 3
    assert cost.prompt_tokens == 3 * (frame + 4 * 2)


async def _words_read(spec):
    """Return the words of all prompts that a run of scripted models makes."""
    posts = [Post(i, post.text, "", "human", 0) for i, post in enumerate(spec.posts)]
    generator = ScriptedGenerator(spec.scripted)
    from lwd_tui.backends.scripted import ScriptedEmbedder

    embedder = ScriptedEmbedder("words-64", "", True)
    network = Network(spec, Internet(posts), [generator] * 3, [4096] * 3, embedder, Clock())
    prompts, words = 0, 0
    async with aclosing(network.run()) as events:
        async for event in events:
            if isinstance(event, StepStarted):
                prompts += len(event.prompts)
                words += sum(len(prompt.text.encode()) for prompt in event.prompts)
    return prompts, words


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # Nothing can be read before the third step.
        {"beta": 0.15, "posts": [], "posts_each": 1, "steps": 6},
        {"retrieval": "response"},
        {"topology": "star"},
        {"posting": "window", "window": 3},
        {"interaction": False},
        {"posts_each": 3, "fresh": 1, "reserve": [{"text": "Fresh news for everyone here."}] * 12},
        {"noise": 2},
    ],
)
async def test_the_estimate_is_near_what_the_network_reads(changes):
    spec = experiment(**changes)
    prompts, size = await _words_read(spec)
    # A scripted sentence has about 50 bytes, 13 tokens at 4 bytes a token.
    speeds = {runner(who): Speed(1, 1, 13) for who in spec.cast}
    cost = estimate(spec, speeds)
    assert cost.prompts == prompts
    assert cost.prompt_tokens == pytest.approx(size / 4, rel=0.2)


def test_time_adds_up_on_a_server_and_runs_side_by_side_between_servers():
    def spec(*hosts):
        return experiment(
            participants=[
                {"name": str(i), "backend": "ollama", "model": "m", "host": host}
                for i, host in enumerate(hosts)
            ]
        )

    def seconds(*hosts):
        each = spec(*hosts)
        return estimate(each, {runner(who): Speed(1e9, 10, 4) for who in each.cast}).seconds

    # 13 steps of 5 answers of 4 tokens at 10 a second: 26 s a participant.
    assert seconds("a") == pytest.approx(26, rel=1e-3)
    assert seconds("a", "a") == pytest.approx(52, rel=1e-3)
    assert seconds("a", "b") == pytest.approx(26, rel=1e-3)


def test_no_time_without_all_speeds():
    spec = experiment()
    whole = {runner(who): Speed(1e9, 13 * 5 / 60, 4) for who in spec.cast}
    assert estimate(spec, whole).sentence().endswith("tokens, about 4 m 0 s")
    speeds = {runner(spec.cast[0]): Speed(1, 1, 1)}
    assert estimate(spec, speeds).seconds is None


def test_strain_names_who_and_what():
    spec = experiment()
    cost = estimate(spec)
    assert strain(spec, cost, {}) == ""
    assert "ben was made for a context of 512" in strain(spec, cost, {("scripted", "", "ben"): 512})
    tight = spec.replaced({"participants.2.context": 256})
    assert "cleo has a context of 256" in strain(tight, estimate(tight), {})


async def test_probe_measures_a_scripted_pace():
    spec = experiment(scripted={"tokens_per_second": 200})
    generator = ScriptedGenerator(spec.scripted)
    speed, _ = await probe(generator, spec.cast[0], spec, 4096, 1, 4)
    assert 6 <= speed.answer <= 14
    # asyncio sleeps at least as long as asked for, and longer on a busy machine.
    assert 20 < speed.write < 230


async def test_a_model_that_gives_no_answer_at_all_is_told_before_the_run():
    class Silent(ScriptedGenerator):
        async def generate(self, request, preview=None):
            for answer in ():
                yield answer

    spec = experiment()
    with pytest.raises(BackendError, match=r"ada \(ada\) gave no answer when it was tried out"):
        await probe(Silent(Scripted()), spec.cast[0], spec, 4096, 1, 4)


async def test_two_probes_share_no_words_that_a_cache_could_keep():
    asked = []

    class Listening(ScriptedGenerator):
        def generate(self, request, preview=None):
            asked.append(request)
            return super().generate(request, preview)

    spec = experiment()
    for nonce in (11, 12):
        await probe(Listening(Scripted()), spec.cast[0], spec, 4096, nonce, 4)
    first, second = (request.prompt.text for request in asked)
    assert first.startswith("[11]")
    assert second.startswith("[12]")
    assert set(asked[0].seeds) == {11, 12, 13, 14}


async def test_a_rehearsal_measures_each_model_once():
    spec = experiment()
    twice = spec.replaced({"participants.2.model": "ada"})
    found = await rehearse(twice, (), lambda _: None)
    speeds = found.speeds
    assert found.responses.counts.tolist() == [8, 8, 8]
    assert set(speeds) == {("scripted", "", "ada"), ("scripted", "", "ben")}
    assert estimate(twice, speeds).seconds < 10
