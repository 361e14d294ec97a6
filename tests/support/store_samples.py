"""Experiments and steps to store: small ones by hand, and any by hypothesis."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lwd_tui.experiment.llm import Experiment
from lwd_tui.types import Attempt, Draw, Geometry, Message, Post, Prompt, Response, Step


def experiment(posts=3, steps=2, **changes):
    return Experiment.from_dict(
        {
            "name": "tiny",
            "query": "What next?",
            "steps": steps,
            "participants": [
                {"name": name, "backend": "scripted", "model": name, "host": f"http://{name}"}
                for name in ("ada", "ben")
            ],
            "posts": [{"text": f"Post number {number}."} for number in range(posts)],
        }
        | changes
    )


def experiment_of(step):
    """Return an experiment that a step can be of: its participants, its posts."""
    count = 1 + max(response.participant for response in step.responses)
    names = [{"name": f"one {i}", "backend": "scripted", "model": "m"} for i in range(count)]
    return experiment(posts=step.size, participants=names)


def attempt(text="It will rise.", **changes):
    values = {"seed": 7, "finish_reason": "stop", "prompt_tokens": 9, "completion_tokens": 4}
    return Attempt(text, **(values | {"seconds": 0.25} | changes))


def prompts_of(draws, text="Read and answer."):
    return [Prompt.completion(f"{text} {draw.participant} {draw.response}") for draw in draws]


def simple_step(t, size=3, answers=2, dimensions=4):
    """Return a step of two participants whose numbers tell its t."""
    rng = np.random.default_rng(t)
    responses = tuple(
        Response(t, participant, index, (attempt(f"answer {t} {participant} {index}"),))
        for participant in range(2)
        for index in range(answers)
    )
    geometry = Geometry(
        np.array([[0.0, 1.5], [1.5, 0.0]]) / (t + 1),
        2.0 / (t + 1),
        1.0 / (t + 1),
        0.5,
        np.array([0.1, 0.2]),
        rng.normal(size=(len(responses), 2)),
        np.repeat([0, 1], answers),
        0.75,
    )
    return Step(
        t=t,
        k=2,
        size=size + 2 * t,
        synthetic=2 * t,
        draws=(Draw(t, 0, (0, 2)), Draw(t, 1, (2, 1))),
        responses=responses,
        embeddings=rng.normal(size=(len(responses), dimensions)).astype(np.float32),
        posted=tuple(
            Post(size + 2 * t + i, f"answer {t} {i} 0", name, "synthetic", t + 1)
            for i, name in enumerate(("ada", "ben"))
        ),
        seconds=1.5,
        truncated=1,
        geometry=geometry,
    )


def begin(store, step, prompts=None):
    store.begin_step(step.t, step.k, step.size, step.draws, prompts or prompts_of(step.draws))


def write(store, step, prompts=None):
    begin(store, step, prompts)
    for response in step.responses:
        store.add_response(response)
    store.finish_step(step)


def assert_same_step(one, two):
    for name in ("t", "k", "size", "synthetic", "draws", "responses", "posted", "truncated"):
        assert getattr(one, name) == getattr(two, name), name
    np.testing.assert_equal(one.seconds, two.seconds)
    assert_same_array(one.embeddings, two.embeddings)
    assert (one.geometry is None) == (two.geometry is None)
    if one.geometry is not None:
        for name in Geometry.__dataclass_fields__:
            a, b = getattr(one.geometry, name), getattr(two.geometry, name)
            if isinstance(a, np.ndarray):
                assert_same_array(a, b)
            else:
                np.testing.assert_equal(a, b)


def assert_same_array(one, two):
    assert (one.shape, one.dtype) == (two.shape, two.dtype)
    assert one.tobytes() == two.tobytes()


# Text as servers send it: control characters, NUL, and halves of surrogate pairs.
odd = st.sampled_from("\ud83d\udc00\0\x1b\x9b\r\n\"',\u2028")
texts = st.text(odd | st.characters(exclude_categories=()), max_size=30)
counts = st.none() | st.integers(0, 10**6)
# A distance has no sign, and SQLite keeps none of a zero.
numbers = st.floats(allow_nan=True, allow_infinity=True).map(lambda number: number + 0.0)
# Of vectors, and of their places, backends and the analysis give no others.
finite = st.floats(-1e100, 1e100)


@st.composite
def attempts(draw, usable):
    return Attempt(
        draw(texts),
        draw(st.integers(0, 2**63 - 1)),
        draw(texts),
        draw(counts),
        draw(counts),
        draw(st.floats(0, 1e6)),
        "" if usable else draw(texts.filter(bool)),
        draw(texts),
        draw(texts),
        tuple(draw(st.lists(texts, max_size=2))),
    )


@st.composite
def responses_of(draw, t, participant, index):
    tries = [draw(attempts(usable=False)) for _ in range(draw(st.integers(0, 2)))]
    return Response(t, participant, index, (*tries, draw(attempts(usable=draw(st.booleans())))))


@st.composite
def geometries(draw, n, owners):
    array = hnp.arrays
    return Geometry(
        draw(array(np.float64, (n, n), elements=numbers)),
        draw(numbers),
        draw(numbers),
        draw(numbers),
        draw(array(np.float64, n, elements=numbers)),
        draw(array(np.float64, (len(owners), 2), elements=finite)),
        owners,
        draw(st.floats(0, 1)),
    )


@st.composite
def steps(draw, t=0):
    """Return a step, and the prompts that go with its draws."""
    n, answers, size = draw(st.integers(2, 3)), draw(st.integers(1, 3)), draw(st.integers(0, 9))
    ids = st.permutations(range(size)).map(tuple)
    each = draw(st.booleans())
    draws = tuple(
        Draw(t, participant, draw(ids), index)
        for participant in range(n)
        for index in (range(answers) if each else [None])
    )
    styles = st.sampled_from(["chat", "completion"])
    messages = st.builds(Message, st.sampled_from(["system", "user"]), texts)
    prompts = [
        Prompt(draw(styles), tuple(draw(st.lists(messages, min_size=1, max_size=2)))) for _ in draws
    ]
    responses = tuple(
        draw(responses_of(t, participant, index))
        for participant in range(n)
        for index in range(answers)
    )
    owners = np.array([r.participant for r in responses if not r.failed], dtype=np.int64)
    vectors = hnp.arrays(
        np.float32,
        (len(owners), draw(st.integers(0, 5))),
        elements=st.floats(width=32, allow_nan=False, allow_infinity=False),
    )
    origins = st.sampled_from(["human", "synthetic", "injected", "noise"])
    posted = tuple(
        Post(number, draw(texts), draw(texts), draw(origins), t + 1, draw(texts))
        for number in range(size, size + draw(st.integers(0, 3)))
    )
    step = Step(
        t,
        draw(st.integers(0, size)),
        size,
        draw(st.integers(0, size)),
        draws,
        responses,
        draw(vectors),
        posted,
        draw(st.floats(0, 1e6)),
        draw(st.integers(0, 9)),
        draw(st.none() | geometries(n, owners)),
    )
    return step, prompts
