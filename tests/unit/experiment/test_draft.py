"""An experiment being written: what is wrong is named, whatever it is."""

import json

import pytest

from lwd_tui.experiment.draft import Draft, check, number
from lwd_tui.experiment.files import load_preset
from lwd_tui.experiment.llm import Experiment, InvalidExperiment, Participant, SeedPost
from lwd_tui.types import ModelInfo


def draft(**hosts):
    made = Draft(load_preset("quickstart"))
    made.hosts.update({kind: tuple(given.split()) for kind, given in hosts.items()})
    return made


@pytest.mark.parametrize("preset", ["quickstart", "bitcoin", "bitcoin-paper"])
def test_a_preset_comes_out_as_it_went_in(preset):
    experiment = load_preset(preset)
    assert Draft(experiment).check().value == experiment


@pytest.mark.parametrize(
    ("path", "value", "field", "part"),
    [
        ("beta", 1.5, "beta", "must be at most 1"),
        ("beta", "half", "beta", "must be a number"),
        ("beta", float("nan"), "beta", "finite"),
        ("responses", 0, "responses", "at least 1"),
        ("query", " ", "query", "blank"),
        ("posting", "sometimes", "posting", "accumulate"),
        ("embedder.model", "", "embedder.model", "blank"),
        ("template.post", "x", "template.post", "{post}"),
        ("posts_each", 9, "posts_each", "responses = 4"),
        ("fresh", 2, "fresh", "in reserve"),
        ("reads", [[0]], "reads", "2 participants"),
        ("reads", [[0], [9]], "reads[1]", "no participant 9"),
        ("name", "", "name", "blank"),
    ],
)
def test_what_is_wrong_is_told_and_placed(path, value, field, part):
    made = draft()
    made.set(path, value)
    found = made.check()
    assert found.value is None
    assert found.field == field
    assert part in found.complaint


def test_a_network_that_does_not_fit_its_retrieval():
    made = draft()
    made.set("retrieval", "shared")
    made.set("topology", "ring")
    assert made.check().value is not None  # three in a ring are all neighbours
    made.set("topology", "none")
    assert made.check().field == "retrieval"


def test_no_participants():
    made = draft()
    made.participants = ()
    assert made.check().field == "participants"


@pytest.mark.parametrize(
    ("text", "value"), [("3", 3), ("0.5", 0.5), ("1e3", 1000.0), ("x", "x"), ("", "")]
)
def test_numbers_are_read_as_typed(text, value):
    assert number(text) == value
    assert type(number(text)) is type(value)


def test_a_part_is_checked_by_itself():
    data = load_preset("quickstart").cast[0].model_dump()
    data["sampling"]["top_p"] = 7
    assert check(Participant, data).field == "sampling.top_p"


def test_models_take_part_under_names_of_their_own():
    made = draft()
    made.participants = ()
    base = ModelInfo("plain:1b", "ollama", capabilities=("generate",))
    chat = ModelInfo("chatty:1b", "ollama", capabilities=("generate", "chat"))
    for model in (base, chat, base):
        made.add_model(model)
    made.copy(1)
    assert [who.name for who in made.cast] == [
        "plain:1b",
        "chatty:1b",
        "chatty:1b #2",
        "plain:1b #2",
    ]
    assert [who.style for who in made.cast] == ["completion", "chat", "chat", "completion"]
    assert made.copies(base) == 2
    made.remove_model(base, once=True)
    assert made.copies(base) == 1
    made.remove_model(chat)
    assert [who.name for who in made.cast] == ["plain:1b"]


def test_the_settings_of_packaged_models_come_with_them():
    made = draft()
    made.participants = ()
    made.add_model(ModelInfo("smollm2-135m", "embedded"))
    assert made.cast[0].sampling == load_preset("quickstart").cast[0].sampling


def test_an_embedder_to_begin_with():
    made = draft()
    made.set("embedder.backend", "scripted")
    assert made.get("embedder.model") == "words-64"
    made.set("embedder.model", "words-32")
    made.set("embedder.backend", "ollama")
    assert made.get("embedder.model") == "words-32"


def test_posts_are_undone_one_change_at_a_time():
    made = draft()
    human = made.posts("posts")
    made.put_posts("posts", human[1:])
    made.put_posts("reserve", [SeedPost(text="later")])
    assert made.undo_posts()
    assert made.posts("reserve") == ()
    assert made.undo_posts()
    assert made.posts("posts") == human
    assert not made.undo_posts()


def served(*backends):
    return Experiment.from_dict(
        {
            "name": "x",
            "query": "q",
            "participants": [
                {"name": str(i), "backend": backend, "model": "m"}
                for i, backend in enumerate(backends)
            ],
        }
    )


def test_hosts_are_the_runs_where_one_kind_of_server_takes_part():
    experiment = served("ollama", "embedded")
    placed, wishes = draft(ollama="a b").placed(experiment)
    assert placed == experiment
    assert wishes.hosts == ("a", "b")


def test_hosts_are_told_apart_where_two_kinds_take_part():
    experiment = served("ollama", "openai")
    placed, wishes = draft(ollama="a b", openai="c").placed(experiment)
    assert [who.host for who in placed.cast] == ["", "c"]
    assert wishes.hosts == ("a", "b")
    placed, wishes = draft(ollama="a", openai="c").placed(experiment)
    assert [who.host for who in placed.cast] == ["a", "c"]
    assert wishes.hosts == ()
    placed, wishes = draft(openai="c").placed(experiment)
    assert [who.host for who in placed.cast] == ["", "c"]
    assert wishes.hosts == ()
    with pytest.raises(InvalidExperiment, match="exactly one"):
        draft(ollama="a b").placed(experiment)


@pytest.mark.parametrize(
    "host", ["http://me:hush@box", "https://gw/v1?api_key=hush", "gw#token=hush"]
)
def test_a_draft_is_kept_without_the_secrets_in_its_hosts(host):
    made = draft(openai=f"a {host} https://b/v1?api-version=1")
    made.set("embedder.host", host)
    made.replace(0, made.cast[0].model_copy(update={"host": host}))
    kept = json.dumps(made.plain())
    again = draft()
    again.restore(json.loads(kept))
    assert "hush" not in kept
    assert (again.get("embedder.host"), again.cast[0].host) == ("", "")
    assert again.hosts["openai"] == ("a", "https://b/v1?api-version=1")


def test_a_draft_comes_back_from_json_as_it_was():
    made = draft(ollama="a b")
    made.set("beta", "half")
    made.set("embedder.host", "http://box")
    made.put_posts("reserve", [SeedPost(text="later", label="x")])
    made.copy(0)
    kept = json.dumps(made.plain())
    again = Draft(load_preset("bitcoin"))
    again.restore(json.loads(kept))
    assert (again.get("beta"), again.get("embedder.host")) == ("half", "http://box")
    assert again.cast == made.cast
    assert again.posts("posts") == made.posts("posts")
    assert again.posts("reserve")[0].label == "x"
    assert again.hosts["ollama"] == ("a", "b")


def test_values_that_no_field_can_show_are_left_out():
    made = draft()
    kept = made.plain()
    kept["fields"] |= {"beta": [1], "query": {"a": 1}, "unheard": 3, "seed": 8}
    kept["fields"]["embedder"]["backend"] = ["a"]
    made.restore(kept)
    assert made.check().value == load_preset("quickstart").replaced({"seed": 8})


@pytest.mark.parametrize(
    "change",
    [{"fields": []}, {"participants": [3]}, {"posts": [{}]}, {"hosts": 1}, {"participants": None}],
)
def test_what_is_no_draft_is_refused_whole(change):
    made = draft()
    with pytest.raises(InvalidExperiment, match="isn't a draft"):
        made.restore(made.plain() | change)
    assert made.check().value == load_preset("quickstart")
