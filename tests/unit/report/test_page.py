"""The page of a run of language models."""

import asyncio
import re
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import pytest
from support.pages import parsed, rows, table
from support.store_samples import attempt, begin, experiment, simple_step, write

from lwd_tui.analysis.frames import stride
from lwd_tui.experiment.llm import Experiment
from lwd_tui.experiment.participants import Wishes
from lwd_tui.report.page import thinned
from lwd_tui.report.write import write_report
from lwd_tui.run.fork import fork_run
from lwd_tui.run.session import Session
from lwd_tui.store.run import RunStore
from lwd_tui.types import Post, Response

NAMES = ("ada", "ben", "cleo")
POSTS = [
    {"text": "Steady builders will shape open markets this year.", "label": "positive"},
    {"text": "Bold traders may slow scarce networks.", "label": "neutral", "author": "press"},
    {"text": "Fragile savers can double cheap ledgers.", "label": "negative"},
    {"text": "Quiet banks should free local machines."},
]


def scripted(**changes):
    return Experiment.from_dict(
        {
            "name": "rehearsal",
            "description": "A try-out.",
            "query": "What will become of it?",
            "responses": 3,
            "steps": 6,
            "seed": 11,
            "participants": [
                {"name": name, "backend": "scripted", "model": name} for name in NAMES
            ],
            "embedder": {"backend": "scripted", "model": "words-32"},
            "scripted": {"failures": 0.3},
            "posts": POSTS,
        }
        | changes
    )


def run(path, what):
    """Make a whole run's file."""

    async def go():
        async with (
            await Session.start(what, path, Wishes(), lambda _: None) as session,
            aclosing(session.run()) as events,
        ):
            async for _ in events:
                pass

    asyncio.run(go())
    return path


def page_of(path):
    out = path.with_suffix(".html")
    with RunStore.open(path) as store:
        write_report(store, out, replace=True)
    return out.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return run(tmp_path_factory.mktemp("run") / "seven.sqlite", scripted())


@pytest.fixture(scope="module")
def text(path):
    return page_of(path)


@pytest.fixture(scope="module")
def page(text):
    return parsed(text)


@pytest.fixture
def store(path):
    with RunStore.open(path) as store:
        yield store


def number(value):
    return f"{value:.3f}" if np.isfinite(value) else "–"


def test_the_page_loads_nothing_and_runs_nothing(text, page):
    assert not page.all("script") + page.all("link") + page.all("img") + page.all("iframe")
    policy = page.one("meta", **{"http-equiv": "Content-Security-Policy"}).attributes["content"]
    assert policy == "default-src 'none'; style-src 'unsafe-inline'"
    assert "@import" not in text
    assert re.findall(r"url\((?!#)", text) == []
    for element in page.all():
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "src" not in element.attributes
        for name in ("href", "xlink:href"):
            to = element.attributes.get(name, "#")
            assert to.startswith("#") or (element.tag == "a" and "arxiv.org" in to)


def test_every_name_of_a_part_is_there_once_and_every_use_finds_it(text, page):
    names = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(names) == len(set(names))
    used = [
        element.attributes.get(key, "")[1:]
        for element in page.all()
        for key in ("href", "xlink:href")
    ]
    used = {name for name in used if name and not name.startswith("ttps:")}
    used |= set(re.findall(r"url\(#([^)]+)\)", text))
    assert len(used) > 20
    assert used <= set(names)


def test_light_and_dark_grounds_and_paper_are_provided_for(text):
    assert "@media screen and (prefers-color-scheme: dark)" in text
    assert "@media print" in text
    for svg in parsed(text).all("svg"):
        colours = {
            part.strip()
            for element in svg.all()
            for key, _, part in (
                piece.partition(":") for piece in element.attributes.get("style", "").split(";")
            )
            if key.strip() in ("fill", "stroke")
        }
        assert colours <= {"none"} | {part for part in colours if part.startswith("var(--")}
        assert svg.attributes["role"] == "img"
        assert svg.attributes["aria-label"]


def test_the_table_of_steps_holds_the_stored_numbers(page, store):
    found = rows(table(page, "Each step"))
    assert len(found) == 7
    for cells, step in zip(found, store.numbers(), strict=True):
        assert cells[:3] == [str(step.t), str(step.k), str(step.size)]
        assert cells[4:7] == [
            number(step.norm),
            number(step.norm_debiased),
            number(step.noise_floor),
        ]
        assert cells[7:10] == [number(value) for value in step.dispersion]
        assert cells[10] == str(step.failed)
    assert found[0][3] == "0 %"
    assert found[6][3] == f"{100 * 18 / 22:.0f} %"


def test_distances_at_both_ends_are_those_of_the_stored_geometry(page, store):
    for t in (0, 6):
        found = rows(table(page, f"Distances D at t = {t}"))
        matrix = store.step(t).geometry.distances
        assert [cells[1:] for cells in found] == [
            [number(value) for value in row] for row in matrix
        ]


def test_sentences_at_the_first_middle_and_last_step_are_the_ones_that_were_posted(page, store):
    said = page.one("section", id="said")
    wanted = []
    for name in NAMES:
        posts = {post.step - 1: post.text for post in store.posts() if post.author == name}
        wanted += [posts.get(t, "no usable answer") for t in (0, 3, 6)]
    found = [
        part.all("p")[0].text for part in said.all("div") if part.all("p") and not part.all("div")
    ]
    assert found == wanted


def test_the_posts_of_the_start_are_there_in_order_with_their_labels(page):
    entries = page.one("section", id="posts").all("li")
    assert [entry.one("p").text for entry in entries] == [post["text"] for post in POSTS]
    assert [entry.attributes["value"] for entry in entries] == ["0", "1", "2", "3"]
    labels = [[label.text for label in entry.all("bdi")] for entry in entries]
    assert labels == [["positive"], ["press", "neutral"], ["negative"], []]


def test_unusable_attempts_are_counted_and_shown(page, store):
    attempts = [
        (response, try_)
        for t in range(7)
        for response in store.pending(t)
        for try_ in response.attempts
        if try_.problem
    ]
    trouble = page.one("section", id="trouble")
    assert len(attempts) > 10
    assert f"{len(attempts)} in all: {len(attempts)} only a preamble" in trouble.text
    shown = rows(trouble.all("table")[0])
    assert len(shown) == min(40, len(attempts))
    assert [cells[:3] for cells in shown[:3]] == [
        [str(response.t), NAMES[response.participant], str(response.index + 1)]
        for response, _ in attempts[:3]
    ]
    again = sum(len(r.attempts) - 1 for t in range(7) for r in store.pending(t))
    answers = rows(table(page, "All answers"))
    assert sum(int(cells[2]) for cells in answers) == again
    assert [cells[1] for cells in answers] == ["21", "21", "21"]


def test_what_was_run_is_told_with_models_digests_embedder_versions_and_seed(page, store):
    setup = page.one("section", id="setup")
    for model in store.record["models"]:
        assert model["digest"][:12] in setup.text
        assert setup.all("code", title=model["digest"])
    for version in store.record["versions"].values():
        assert version in setup.text
    for words in ("words-32", "unit vectors", "|A(0)| = 4", "nothing: everyone reads everyone"):
        assert words in setup.text
    assert "seed 11" in page.text


def test_what_goes_beyond_the_paper_is_named(tmp_path):
    what = scripted(steps=1, retrieval="shared", noise=1, posts_each=2)
    page = parsed(page_of(run(tmp_path / "a.sqlite", what)))
    assert "noise = 1, retrieval = shared, posts_each = 2" in page.one("section", id="setup").text
    assert "distance of the models alone" in page.one("section", id="meanings").text
    assert "noise" in page.one("section", id="posts").all("ol")[1].text


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({}, "model and draw together"),
        ({"retrieval": "response"}, "the models, averaged over draws"),
        ({"ranking": "similar"}, "the models alone"),
        ({"ranking": "similar", "topology": "none"}, "model and draw together"),
        ({"beta": 1}, "model and order together"),
        ({"beta": 0.01}, "the models alone"),
    ],
)
def test_the_distance_is_of_what_the_tests_test(tmp_path, changes, what):
    page = parsed(page_of(run(tmp_path / "a.sqlite", scripted(steps=1, **changes))))
    assert f"this is a distance of {what}." in page.one("section", id="meanings").text


def test_the_specification_can_be_copied_from_the_page(page):
    (folded,) = page.one("section", id="reproduce").all("details")
    assert Experiment.from_toml(folded.one("pre").raw) == scripted()
    assert scripted().sha256 in page.text


def test_a_fork_names_its_parent_its_step_and_what_differs(path, page, tmp_path):
    fork = fork_run(path, 4, {"noise": 1}, posts=["By hand [/]."], replicate=2,
                    out=tmp_path / "fork.sqlite")  # fmt: skip
    twin = fork_run(path, 0, out=tmp_path / "twin.sqlite")
    told = parsed(page_of(fork))
    for words in (
        "seven at t = 4, the first step that was taken anew; changed: noise = 1, ",
        "post: By hand [/].; with another seed from there on, replicate 2",
    ):
        assert words in told.one("section", id="setup").text
    assert "are those of seven" in told.one("section", id="reproduce").text
    again = parsed(page_of(twin)).one("section", id="setup").text
    assert "seven at t = 0, the first step that was taken anew; changed: nothing" in again
    assert "replicate" not in again
    assert "fork" not in page.text


def test_the_same_run_gives_the_same_bytes(path, text):
    assert page_of(path) == text


def test_a_run_without_a_whole_step_says_so(tmp_path):
    with RunStore.create(tmp_path / "a.sqlite", experiment(), {}):
        pass
    page = parsed(page_of(tmp_path / "a.sqlite"))
    assert "The run stopped after 0 of 3 steps." in page.text
    assert "there is nothing to draw" in page.text
    assert not page.all("svg")
    assert "unknown" in page.one("section", id="setup").text


def test_a_stopped_run_counts_the_answers_of_the_step_that_was_under_way(tmp_path):
    with RunStore.create(tmp_path / "a.sqlite", experiment(), {}) as store:
        write(store, simple_step(0))
        begin(store, simple_step(1))
        store.add_response(simple_step(1).responses[0])
        store.add_event("error", "the server fell silent", 1)
    page = parsed(page_of(tmp_path / "a.sqlite"))
    assert "The run stopped after 1 of 3 steps." in page.text
    assert [cells[1] for cells in rows(table(page, "All answers"))] == ["3", "2"]
    assert "the server fell silent" in page.one("section", id="trouble").text
    assert "cut" not in page.one("section", id="figures").text


def test_one_answer_a_step_has_no_dispersion_and_the_page_says_why(tmp_path):
    page = parsed(page_of(run(tmp_path / "a.sqlite", scripted(responses=1, steps=1))))
    assert len(page.all("svg")) == 3
    assert "take at least two answers" in page.one("section", id="figures").text
    assert rows(table(page, "Each step"))[0][5:10] == ["–"] * 5
    assert "noise floor" not in page.all("svg")[0].text


def test_one_participant_alone_has_a_page(tmp_path):
    alone = [{"name": "ada", "backend": "scripted", "model": "ada"}]
    page = parsed(page_of(run(tmp_path / "a.sqlite", scripted(participants=alone, steps=1))))
    assert [cells[4] for cells in rows(table(page, "Each step"))] == ["–", "–"]
    assert "Distances D" not in page.text


def test_a_participant_whose_answers_all_failed_is_said_to_have_none(tmp_path):
    step = simple_step(0)
    blank = attempt("", problem="blank", retries=("503 busy",))
    answers = tuple(
        Response(0, answer.participant, answer.index, (blank,)) if answer.participant else answer
        for answer in step.responses
    )
    nan = float("nan")
    changed = {"responses": answers, "embeddings": step.embeddings[:2], "posted": step.posted[:1]}
    geometry = {"norm": nan, "norm_debiased": nan, "noise_floor": nan}
    geometry |= {"owners": step.geometry.owners[:2], "coordinates": step.geometry.coordinates[:2]}
    step = replace(step, **changed, geometry=replace(step.geometry, **geometry))
    with RunStore.create(tmp_path / "a.sqlite", experiment(), {}) as store:
        write(store, step)
    page = parsed(page_of(tmp_path / "a.sqlite"))
    assert "no usable answer" in page.one("section", id="said").text
    assert "The norm is not defined at any step" in page.text
    assert "2 × 503 busy" in page.one("section", id="trouble").text
    assert rows(table(page, "All answers"))[1][3] == "2"


def test_a_post_put_in_by_hand_is_listed_apart(tmp_path):
    with RunStore.create(tmp_path / "a.sqlite", experiment(), {"note": "keep this"}) as store:
        store.add_posts([Post(3, "By hand.", "", "injected", 0, "nudge")])
    page = parsed(page_of(tmp_path / "a.sqlite"))
    first, later = page.one("section", id="posts").all("ol")
    assert len(first.all("li")) == 3
    assert later.text == "3 · from t = 0 · injected nudge By hand."
    assert "keep this" in page.text


def test_a_large_run_gives_a_page_of_bounded_size_that_says_what_it_leaves_out(tmp_path):
    long = "One more word about it. " * 100
    posts = [{"text": f"{number} {long}", "label": "x" * 500} for number in range(1500)]
    path = tmp_path / "a.sqlite"
    with RunStore.create(
        path, experiment(posts=0, steps=400).replaced({"posts": posts}), {}
    ) as store:
        for t in range(130):
            write(store, simple_step(t, size=1500))
        for number in range(300):
            store.add_event("error", long, number)
    text = page_of(path)
    page = parsed(text)
    assert len(text.encode()) < 1_000_000
    assert [cells[0] for cells in rows(table(page, "Each step"))] == [
        *map(str, range(0, 130, 5)),
        "129",
    ]
    for words in (
        "one step in 5, and the last",
        "1,300 more posts are left out",
        "200 more events are left out",
        "too long for this page",
    ):
        assert words in page.text


@pytest.mark.parametrize(
    ("count", "every"), [(1, 1), (64, 1), (65, 2), (129, 5), (321, 10), (641, 20), (64_001, 2000)]
)
def test_long_tables_go_in_round_strides(count, every):
    assert stride(count, 64) == every
    shown = thinned(range(count))
    assert (shown[0], shown[-1]) == (0, count - 1)
    assert len(shown) <= 65
