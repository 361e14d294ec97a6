import asyncio
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest
from support.engine import StandInModel
from support.ollama_faults import reset, runner_died
from support.ollama_server import OllamaStandIn

from lwd_tui.backends.scripted import ScriptedEmbedder, ScriptedGenerator
from lwd_tui.errors import RunWorthless
from lwd_tui.experiment.backend import BackendStopped, UnfitRequest
from lwd_tui.experiment.llm import Experiment, InvalidExperiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.llm.network import ResponseArrived, StepCompleted
from lwd_tui.run.notes import Notes
from lwd_tui.run.session import ModelChanged, Session
from lwd_tui.store.errors import StoreError
from lwd_tui.store.run import RunStore


def experiment(**changes):
    base = {
        "name": "tiny",
        "query": "What next?",
        "responses": 3,
        "steps": 3,
        "embedder": {"backend": "scripted", "model": "words-16"},
        "participants": [
            {"name": name, "backend": "scripted", "model": name} for name in ("ada", "ben", "cleo")
        ],
        "posts": [{"text": f"Post number {number}."} for number in range(6)],
    }
    return Experiment.from_dict(base | changes)


def unheard(sentence):
    raise AssertionError(f"nothing needs to be said, but: {sentence}")


async def started(path, spec=None, notice=unheard, **wishes):
    return await Session.start(spec or experiment(), path, Wishes(**wishes), notice)


async def steps_of(session):
    async with aclosing(session.run()) as events:
        return [event.step async for event in events if isinstance(event, StepCompleted)]


async def test_every_step_is_stored_with_its_geometry_before_it_is_told(tmp_path):
    path = tmp_path / "a.lwd"
    async with await started(path) as session:
        async for event in session.run():
            if isinstance(event, StepCompleted):
                with RunStore.open(path) as reader:
                    stored = reader.step(event.step.t)
                assert stored.geometry.norm == event.step.geometry.norm > 0
                assert (stored.geometry.coordinates == event.step.geometry.coordinates).all()
    with RunStore.open(path) as store:
        assert store.finished() == 4
        assert [numbers.size for numbers in store.numbers()] == [6, 9, 12, 15]
        assert len(store.posts()) == 18


async def test_the_run_records_what_it_was(tmp_path):
    async with await started(tmp_path / "a.lwd") as session:
        record = session.store.record
    assert record["experiment_sha256"] == experiment().sha256
    assert [model["name"] for model in record["models"]] == ["ada", "ben", "cleo"]
    assert all(model["digest"] for model in record["models"])
    assert record["embedder"]["name"] == "words-16"
    assert {"lwd-tui", "python", "numpy"} <= set(record["versions"])
    assert len(record["contexts"]) == 3


async def test_stopped_anywhere_and_resumed_it_equals_an_uninterrupted_run(tmp_path):
    async with await started(tmp_path / "whole.lwd") as session:
        whole = await steps_of(session)
    for stop_after in range(1, 4 * (3 * 3 + 3), 4):
        path = tmp_path / f"stopped-{stop_after}.lwd"
        async with await started(path) as session, aclosing(session.run()) as events:
            for _ in range(stop_after):
                await anext(events, None)
        async with await Session.resume(path, unheard) as session:
            await steps_of(session)
        with RunStore.open(path) as store:
            for step in whole:
                stored = store.step(step.t)
                assert stored.draws == step.draws
                assert [r.text for r in stored.responses] == [r.text for r in step.responses]
                assert (stored.embeddings == step.embeddings).all()
                assert stored.posted == step.posted
                assert (stored.geometry.coordinates == step.geometry.coordinates).all()


async def test_a_resume_asks_only_for_what_is_missing(tmp_path, monkeypatch):
    path = tmp_path / "a.lwd"
    async with await started(path) as session, aclosing(session.run()) as events:
        arrived = 0
        async for event in events:
            arrived += isinstance(event, ResponseArrived)
            if arrived == 4:
                break
    asked = []
    generate = ScriptedGenerator.generate

    def counting(self, request, preview=None):
        asked.extend(request.seeds)
        return generate(self, request, preview)

    monkeypatch.setattr(ScriptedGenerator, "generate", counting)
    async with await Session.resume(path, unheard) as session:
        await steps_of(session)
    assert len(asked) == 4 * 9 - 4


@pytest.mark.parametrize("odd", [None, [], [0, 0, 0], [256] * 4])
async def test_a_resume_asks_with_the_contexts_that_the_run_began_with(tmp_path, monkeypatch, odd):
    path = tmp_path / "a.lwd"
    async with await started(path) as session:
        first = session.store.record["contexts"]
        if odd is not None:
            session.store.update_record(contexts=odd)
    asked = []
    generate = ScriptedGenerator.generate

    def noting(self, request, preview=None):
        asked.append(request.context)
        return generate(self, request, preview)

    async def counted_otherwise(self, model, text):
        return 9_999

    monkeypatch.setattr(ScriptedGenerator, "generate", noting)
    monkeypatch.setattr(ScriptedGenerator, "count_tokens", counted_otherwise)
    async with await Session.resume(path, unheard) as session:
        await steps_of(session)
    # Where the record doesn't tell, they are sized anew.
    assert (set(asked) == set(first)) == (odd is None)
    assert odd is None or min(asked) > 9_999


async def test_a_finished_run_resumes_to_nothing(tmp_path):
    path = tmp_path / "a.lwd"
    async with await started(path) as session:
        await steps_of(session)
    async with await Session.resume(path, unheard) as session:
        assert await steps_of(session) == []


async def test_a_changed_model_is_refused_unless_allowed(tmp_path):
    path = tmp_path / "a.lwd"
    async with await started(path) as session:
        models = session.store.record["models"]
        models[1]["digest"] = "0" * 64
        session.store.update_record(models=models)
    with pytest.raises(ModelChanged, match=r"ben was 000000000000 .*--allow-changed"):
        await Session.resume(path, unheard)
    async with await Session.resume(path, unheard, allow_changed=True) as session:
        assert len(await steps_of(session)) == 4


async def test_a_second_session_on_the_same_run_is_refused(tmp_path):
    path = tmp_path / "a.lwd"
    async with await started(path):
        with pytest.raises(Exception, match="another") as refused:
            await Session.resume(path, unheard)
        assert "a" in str(refused.value)


async def test_what_stops_a_run_is_recorded_with_it(tmp_path, monkeypatch):
    async def broken(self, request, preview=None):
        raise BackendStopped("the server is gone")
        yield

    path = tmp_path / "a.lwd"
    async with await started(path) as session:
        monkeypatch.setattr(ScriptedGenerator, "generate", broken)
        with pytest.raises(BackendStopped):
            await steps_of(session)
    with RunStore.open(path) as store:
        assert ("error", "the server is gone") in [(e.kind, e.message) for e in store.events()]
    monkeypatch.undo()
    async with await Session.resume(path, unheard) as session:
        assert len(await steps_of(session)) == 4


async def test_a_post_by_hand_is_read_from_the_next_step_on_and_survives_a_resume(tmp_path):
    path = tmp_path / "a.lwd"
    spec = experiment(beta=1.0)
    async with await started(path, spec) as session, aclosing(session.run()) as events:
        async for event in events:
            if isinstance(event, StepCompleted) and event.step.t == 0:
                assert session.inject("  Read me.  ", label="mine").step == 1
                break
    async with await Session.resume(path, unheard) as session:
        await steps_of(session)
    with RunStore.open(path) as store:
        mine = next(post for post in store.posts() if post.origin == "injected")
        assert (mine.text, mine.label, mine.step) == ("Read me.", "mine", 1)
        assert mine.id not in store.draws(0)[0].posts
        assert all(mine.id in draw.posts for draw in store.draws(1))


async def test_a_post_by_hand_in_mid_step_is_refused_also_after_a_resume(tmp_path):
    path = tmp_path / "a.lwd"
    async with await started(path) as session, aclosing(session.run()) as events:
        await anext(events)
        with pytest.raises(InvalidExperiment, match="between two steps"):
            session.inject("Too early.")
    async with await Session.resume(path, unheard) as session:
        with pytest.raises(InvalidExperiment, match="between two steps"):
            session.inject("Too early again.")
        assert len(await steps_of(session)) == 4


async def test_a_post_by_hand_while_posts_are_ranked_is_refused(tmp_path, monkeypatch):
    embed, refused = ScriptedEmbedder.embed, []

    async def meanwhile(self, texts):
        if texts[0] == "What next?":
            with pytest.raises(InvalidExperiment, match="between two steps"):
                session.inject("Too early.")
            refused.append(texts)
        return await embed(self, texts)

    monkeypatch.setattr(ScriptedEmbedder, "embed", meanwhile)
    path = tmp_path / "a.lwd"
    async with await started(path, experiment(ranking="similar")) as session:
        session.inject("In time.")
        assert len(await steps_of(session)) == 4
    assert len(refused) == 1
    with RunStore.open(path) as store:
        assert [post.text for post in store.posts() if post.origin == "injected"] == ["In time."]


async def test_ranked_posts_whose_vectors_are_rounded_otherwise_stop_no_resume(
    tmp_path, monkeypatch
):
    embed, calls = ScriptedEmbedder.embed, []

    async def rounding(self, texts):
        calls.append(texts)
        found = await embed(self, texts)
        noise = np.random.default_rng(len(calls)).normal(size=found.vectors.shape)
        return replace(found, vectors=found.vectors * (1 + 5e-8 * noise).astype(np.float32))

    monkeypatch.setattr(ScriptedEmbedder, "embed", rounding)
    # Equal texts are at equal distances from the query.
    posts = [{"text": text} for text in ("What now?", "And next?") * 5]
    path = tmp_path / "a.lwd"
    spec = experiment(ranking="similar", posts=posts, steps=1)
    async with await started(path, spec) as session, aclosing(session.run()) as events:
        await anext(events)
    async with await Session.resume(path, unheard) as session:
        assert len(await steps_of(session)) == 2


@pytest.fixture
def unloading(monkeypatch):
    """Say when a model begins to unload, which then takes for ever."""
    begun = asyncio.Event()

    async def for_ever(_):
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(ScriptedGenerator, "aclose", for_ever)
    return begun


async def given_up(work, begun):
    """Wait until a model unloads, and then no longer."""
    task = asyncio.create_task(work)
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_run_is_let_go_of_while_a_server_unloads(tmp_path, unloading, monkeypatch):
    closed = []
    monkeypatch.setattr(ScriptedEmbedder, "aclose", lambda _: asyncio.sleep(0, closed.append(1)))
    path = tmp_path / "a.lwd"
    session = await started(path)
    await steps_of(session)
    task = asyncio.create_task(session.aclose())
    await unloading.wait()
    # Others may write it already, and there is one file.
    RunStore.open(path, write=True).close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.lwd"]
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert closed == [1]


async def test_a_resume_that_is_given_up_lets_go_of_the_run(tmp_path, monkeypatch, unloading):
    path = tmp_path / "a.lwd"
    RunStore.create(path, experiment(), {"models": [{"digest": "another"}]}).close()
    await given_up(Session.resume(path, unheard), unloading)
    RunStore.open(path, write=True).close()
    assert [file.name for file in tmp_path.iterdir()] == ["a.lwd"]


async def test_a_model_that_fails_to_unload_leaves_the_run_and_the_embedder_free(
    tmp_path, monkeypatch
):
    closed = []

    async def failing(_):
        raise BackendStopped("the server is gone")

    monkeypatch.setattr(ScriptedGenerator, "aclose", failing)
    monkeypatch.setattr(ScriptedEmbedder, "aclose", lambda _: asyncio.sleep(0, closed.append(1)))
    path = tmp_path / "a.lwd"
    with pytest.raises(BackendStopped):
        async with await started(path) as session:
            await steps_of(session)
    RunStore.open(path, write=True).close()
    assert closed == [1]


async def test_a_blank_post_by_hand_is_refused(tmp_path):
    async with await started(tmp_path / "a.lwd") as session:
        with pytest.raises(InvalidExperiment, match="blank"):
            session.inject(" ")


async def test_nothing_to_read_is_said_and_recorded(tmp_path):
    heard = []
    spec = experiment(posts=[], steps=1)
    async with await started(tmp_path / "a.lwd", spec, heard.append) as session:
        assert session.store.record["notes"] == heard
    assert "nothing to read at t = 0" in heard[0]


async def test_what_is_said_later_is_an_event_once_a_session(tmp_path, monkeypatch):
    path, heard = tmp_path / "a.lwd", []
    spec = experiment(posts=[])
    async with (
        await started(path, spec, heard.append) as session,
        aclosing(session.run()) as events,
    ):
        await anext(events)
    describe = ScriptedGenerator.describe

    async def odd(self, model):
        return replace(await describe(self, model), odd=f"{model} is odd")

    monkeypatch.setattr(ScriptedGenerator, "describe", odd)
    for _ in range(2):
        async with await Session.resume(path, heard.append) as session:
            said = [(e.kind, e.message, e.t) for e in session.store.events()][-4:]
            assert [kind for kind, _, _ in said] == ["resumed", "notice", "notice", "notice"]
            assert said[1] == ("notice", "ada (ada): ada is odd", 0)
    assert len(heard) == 1 + 2 * 3
    with RunStore.open(path) as store:
        assert store.record["notes"] == heard[:1]


async def test_a_notice_of_the_run_itself_is_recorded_with_its_step(tmp_path):
    heard = []
    note = Notes(heard.append)
    note("Before.")
    with RunStore.create(tmp_path / "a.lwd", experiment(), {"notes": note.told}) as store:
        note.record_in(store)
        for sentence in ("Down.", "Up.", "Down.", "Before."):
            note(sentence)
        assert [(e.kind, e.message, e.t) for e in store.events()] == [
            ("notice", "Down.", 0),
            ("notice", "Up.", 0),
        ]
    assert heard == ["Before.", "Down.", "Up.", "Down.", "Before."]


@pytest.mark.parametrize("place", ["taken.lwd", "nowhere/a.lwd"])
async def test_a_place_that_cannot_be_written_is_told_before_models_are_asked(
    tmp_path, monkeypatch, place
):
    async def asked(*_):
        raise AssertionError("the models were asked first")

    monkeypatch.setattr("lwd_tui.run.session.choose_cast", asked)
    (tmp_path / "taken.lwd").write_text("")
    with pytest.raises(StoreError, match=r"exists already|there is no such folder"):
        await started(tmp_path / place)


async def test_a_post_by_hand_that_is_no_unicode_is_refused(tmp_path):
    async with await started(tmp_path / "a.lwd") as session:
        for post in (("caf\udce9", ""), ("coffee", "caf\udce9")):
            with pytest.raises(InvalidExperiment, match="must be whole Unicode characters"):
                session.inject(*post)
        assert len(session.store.posts()) == 6


async def test_a_run_that_cannot_begin_leaves_no_file(tmp_path):
    spec = experiment(embedder={"backend": "scripted", "model": "nonsense"})
    with pytest.raises(Exception, match="words-64"):
        await started(tmp_path / "a.lwd", spec)
    assert list(tmp_path.iterdir()) == []


async def test_asking_for_scripted_models_recasts_the_experiment_and_says_so(tmp_path):
    heard = []
    spec = experiment(participants="auto", embedder={"backend": "embedded"})
    path = tmp_path / "a.lwd"
    async with await started(path, spec, heard.append, backend="scripted") as session:
        assert {who.backend for who in session.experiment.cast} == {"scripted"}
        assert session.experiment.embedder.backend == "scripted"
    assert "by the scripted backend" in heard[0]
    assert "instead of all-minilm-l6-v2" in heard[1]


async def test_cancelling_a_run_leaves_no_task_behind(tmp_path):
    slow = experiment(scripted={"tokens_per_second": 50})
    async with await started(tmp_path / "a.lwd", slow) as session:
        running = asyncio.create_task(steps_of(session))
        await asyncio.sleep(0.2)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert len(asyncio.all_tasks()) == 1


async def test_a_run_in_which_nothing_could_be_used_is_not_done(tmp_path):
    spec = experiment(scripted={"failures": 1.0})
    async with await started(tmp_path / "a.lwd", spec) as session:
        with pytest.raises(
            RunWorthless, match="not one of the 36 answers could be used"
        ) as stopped:
            await steps_of(session)
        assert session.store.finished() == 4
    assert stopped.value.exit_code == 5
    with pytest.raises(RunWorthless, match="begin anew: not one of the 36 answers"):
        await Session.resume(tmp_path / "a.lwd", unheard)
    # One usable answer is enough for it to be a result.
    spec = experiment(scripted={"failures": 0.9})
    async with await started(tmp_path / "b.lwd", spec) as session:
        assert len(await steps_of(session)) == 4


async def test_models_are_asked_what_they_can_do_and_the_run_records_it(tmp_path, monkeypatch):
    can = {"ada": ("generate",), "ben": ("generate", "chat", "thinking")}
    describe = ScriptedGenerator.describe

    async def described(self, model):
        info = await describe(self, model)
        if model == "cleo":
            return replace(info, capabilities=("generate", "chat", "thinking", "always-thinking"))
        return replace(info, capabilities=can[model])

    monkeypatch.setattr(ScriptedGenerator, "describe", described)
    said = []
    async with await started(tmp_path / "a.lwd", notice=said.append) as session:
        ada, ben, cleo = session.store.experiment.cast
    assert (ada.style, ada.sampling.stop) == ("completion", ("\n",))
    assert (ben.style, ben.think) == ("chat", "off")
    assert (cleo.style, cleo.think, cleo.thinking_tokens) == ("chat", "low", 1024)
    assert any("ada (ada) is a base model without a chat template" in line for line in said)
    assert any("cleo (cleo) can't be told not to think" in line for line in said)
    spec = experiment().replaced({"participants.0.think": "high"})
    with pytest.raises(UnfitRequest, match="ada: ada can't think before it answers"):
        await started(tmp_path / "b.lwd", spec, notice=said.append)
    assert not (tmp_path / "b.lwd").exists()


async def test_an_answer_without_a_vector_is_unusable_stored_so_and_never_posted(
    tmp_path, monkeypatch
):
    embed = ScriptedEmbedder.embed

    async def lacking(self, texts):
        found = await embed(self, texts)
        return replace(found, missing=tuple(i == 0 for i in range(len(texts))))

    monkeypatch.setattr(ScriptedEmbedder, "embed", lacking)
    path = tmp_path / "a.lwd"
    async with await started(path) as session:
        steps = await steps_of(session)
    with RunStore.open(path) as store:
        for step in steps:
            stored = store.step(step.t)
            problems = [answer.final.problem for answer in stored.responses]
            assert problems == ["it has no embedding", *[""] * 8]
            assert len(stored.embeddings) == len(stored.owners) == 8
            # Ada's first answer has no vector, so her second one is posted.
            posted = {post.author: post.text for post in step.posted}
            assert posted["ada"] == stored.responses[1].text
        assert [numbers.failed for numbers in store.numbers()] == [1] * 4


async def test_what_vectors_met_on_their_way_is_in_the_record(tmp_path):
    model = StandInModel("emb:1b", embeds=True)
    async with OllamaStandIn(models=[model]) as server:
        embedder = {"backend": "ollama", "model": model.name, "host": server.url}
        spec = experiment(embedder=embedder | {"normalise": True})
        async with await started(tmp_path / "a.sqlite", spec) as session:
            server.faults.extend([reset, runner_died])
            await steps_of(session)
            events = session.store.events()
    told = [event.message for event in events if event.kind == "embedding retried"]
    assert len(told) == 2
    assert "the connection broke" in told[0]
    assert "HTTP 500" in told[1]
