import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.experiment.files import changed, load_preset, read_experiment
from lwd_tui.experiment.llm import (
    EmbedderSpec,
    Experiment,
    InvalidExperiment,
    Participant,
    Sampling,
    Scripted,
    SeedPost,
    Template,
    parse_setting,
)

ADA = {"name": "ada", "backend": "scripted", "model": "ada"}
BASE = {"name": "x", "query": "What next?", "participants": [ADA], "posts": [{"text": "One."}]}


def experiment(**changes):
    return Experiment.from_dict(BASE | changes)


def told(call, *args):
    with pytest.raises(InvalidExperiment) as error:
        call(*args)
    assert error.value.exit_code == 2
    assert "\n" not in str(error.value)
    return str(error.value)


plain = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
nonblank = plain.filter(str.strip)
names = nonblank.map(str.strip)
shares = st.floats(0, 1)
samplings = st.builds(
    Sampling,
    temperature=st.floats(0, 5),
    top_p=st.floats(0, 1, exclude_min=True),
    top_k=st.integers(0, 2**40),
    max_tokens=st.integers(1, 32768),
    stop=st.lists(plain.filter(bool), max_size=2),
)
participants = st.builds(
    Participant,
    name=names,
    backend=st.sampled_from(["ollama", "openai", "embedded", "scripted"]),
    model=nonblank,
    host=plain,
    system=plain,
    style=st.sampled_from(["chat", "completion"]),
    context=st.integers(0, 2**20),
    sampling=samplings,
)
posts = st.lists(st.builds(SeedPost, text=nonblank, author=plain, label=plain), max_size=3)
experiments = st.builds(
    Experiment,
    name=names,
    description=plain,
    query=nonblank,
    responses=st.integers(1, 100_000),
    steps=st.integers(1, 1_000_000),
    beta=st.floats(0, 1, exclude_min=True),
    seed=st.integers(0, 2**63 - 1),
    retrieval=st.sampled_from(["participant", "shared", "response"]),
    embedder=st.builds(EmbedderSpec, prefix=plain, normalise=st.booleans()),
    template=st.builds(Template, system=plain, post=plain.map(lambda text: text + "{post}")),
    scripted=st.builds(Scripted, attraction=shares, spread=shares),
    participants=st.just("auto")
    | st.lists(participants, min_size=1, max_size=3, unique_by=lambda who: who.name),
    posts=posts,
    reserve=posts,
)


@settings(max_examples=60, deadline=None)
@given(experiments)
def test_toml_gives_back_any_experiment(made):
    again = Experiment.from_toml(made.to_toml())
    assert again == made
    assert again.sha256 == made.sha256
    assert again.to_toml() == made.to_toml()
    assert Experiment.from_dict(made.to_dict()) == made


def test_the_hash_tells_what_bears_on_the_result():
    base = experiment()
    assert experiment(name="y", description="other").sha256 == base.sha256
    for change in ({"seed": 8}, {"query": "And then?"}, {"posts": []}, {"responses": 5}):
        assert experiment(**change).sha256 != base.sha256


def test_an_experiment_cannot_be_changed_in_place():
    with pytest.raises(ValueError, match="frozen"):
        experiment().steps = 3


def test_the_papers_run_has_the_papers_sizes():
    cast = [ADA | {"name": name} for name in ("a", "b", "c")]
    paper = experiment(
        participants=cast, posts=[{"text": f"Post {n}."} for n in range(20)], steps=60, beta=0.5
    )
    assert [paper.size(t) for t in (0, 1, 60)] == [20, 23, 200]
    assert [paper.draw_size(paper.size(t)) for t in (0, 1, 60)] == [10, 11, 100]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"beta": 1.5}, "beta = 1.5: must be at most 1"),
        ({"beta": 0}, "beta = 0: must be greater than 0"),
        ({"beta": "half"}, "beta = 'half': must be a number"),
        ({"beta": float("nan")}, "beta = nan: must be a finite number"),
        ({"beta": float("inf")}, "beta = inf: must be a finite number"),
        ({"beta": True}, "beta: must not be true or false"),
        ({"beta": [0.5]}, "beta = [0.5]: must be a number"),
        ({"steps": 0}, "steps = 0: must be at least 1"),
        ({"steps": 10**400}, "must be at most 1000000"),
        ({"steps": 2.5}, "steps = 2.5: must be a whole number"),
        ({"steps": "many"}, "steps = 'many': must be a whole number"),
        ({"steps": True}, "steps: must not be true or false"),
        ({"responses": 0}, "responses = 0: must be at least 1"),
        ({"seed": -1}, "seed = -1: must be at least 0"),
        ({"seed": 2**63}, "seed = 9223372036854775808: must be less than 9223372036854775808"),
        ({"max_attempts": 21}, "max_attempts = 21: must be at most 20"),
        ({"query": " \n"}, "query = ' \\n': must not be blank"),
        ({"query": 3}, "query = 3: must be text"),
        ({"name": "x" * 61}, "must have at most 60 characters"),
        ({"name": ""}, "name = '': must not be blank"),
        ({"description": "\ud83d"}, "description: must be whole Unicode characters"),
        ({"retrieval": "all"}, "retrieval = 'all': must be one of 'participant', 'shared'"),
        ({"interaction": "maybe"}, "interaction = 'maybe': must be true or false"),
        ({"bta": 0.5}, "there is no field bta; did you mean beta?"),
        ({"zzzz": 1}, "there is no field zzzz"),
        ({"participants": []}, "participants: must hold at least one participant"),
        ({"participants": "some"}, 'participants: must be "auto" or a list of [[participants]]'),
        ({"participants": ADA}, 'participants: must be "auto" or a list of [[participants]]'),
        ({"participants": ["ada"]}, "participants[0] = 'ada': must be a table"),
        ({"participants": [ADA, ADA]}, "participants: the name 'ada' is used twice"),
        ({"participants": [{"name": "ada"}]}, "participants[0].backend is missing"),
        (
            {"participants": [ADA | {"backend": "olama"}]},
            "participants[0].backend = 'olama': must be one of 'ollama', 'openai', 'embedded'",
        ),
        (
            {"participants": [ADA, ADA | {"name": "ben", "sampling": {"top_k": -1}}]},
            "participants[1].sampling.top_k = -1: must be at least 0",
        ),
        (
            {"participants": [ADA | {"sampling": {"top_kk": 1}}]},
            "there is no field participants[0].sampling.top_kk; did you mean top_k?",
        ),
        (
            {"participants": [ADA | {"temperature": 1}]},
            "there is no field participants[0].temperature; did you mean sampling.temperature?",
        ),
        ({"top_k": 1}, "no field top_k; did you mean participants[..].sampling.top_k?"),
        ({"participants": [ADA | {"sampling": {"stop": "."}}]}, "stop = '.': must be a list"),
        ({"embedder": "minilm"}, "embedder = 'minilm': must be a table"),
        ({"embedder": {"normalize": True}}, "embedder.normalize; did you mean normalise?"),
        ({"template": {"chat": "{posts}"}}, "template.chat: must contain {query}"),
        ({"template": {"post": "-"}}, "template.post: must contain {post}"),
        ({"template": {"unread": ""}}, "template.unread: must contain {query}"),
        ({"scripted": {"spread": 2}}, "scripted.spread = 2: must be at most 1"),
        ({"posts": "One."}, "posts = 'One.': must be a list"),
        ({"posts": ["One."]}, "posts[0] = 'One.': must be a table"),
        ({"posts": [{"text": "\t"}]}, "posts[0].text = '\\t': must not be blank"),
        ({"posts": [{"txt": "One."}]}, "no field posts[0].txt; did you mean text?"),
        ({"beta": 9, "steps": 0}, "steps = 0: must be at least 1 (and 1 more)"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(change, sentence):
    found = told(Experiment.from_dict, BASE | change, "my.toml")
    assert found.startswith("my.toml: ")
    assert sentence in found


def test_a_missing_field_is_named():
    assert told(Experiment.from_dict, {"name": "x", "participants": [ADA]}) == (
        "experiment: query is missing"
    )


def test_a_long_value_is_cut_in_its_sentence():
    assert len(told(Experiment.from_dict, BASE | {"beta": "x" * 10_000})) < 120


@pytest.mark.parametrize("text", ["name = ", "a = 1\na = 2", "x = " + "[" * 50_000, "x\0"])
def test_what_is_no_toml_is_said_to_be_none(text):
    assert told(Experiment.from_toml, text, "my.toml").startswith("my.toml: not valid TOML: ")


def test_fields_are_replaced_by_dotted_paths():
    made = experiment().replaced(
        {"beta": 0.25, "participants.0.sampling.top_k": 5, "posts.0.text": "Two."}
    )
    assert made.beta == 0.25
    assert made.cast[0].sampling.top_k == 5
    assert made.posts[0].text == "Two."
    assert experiment().beta == 0.5


@pytest.mark.parametrize(
    "path",
    [
        "participants.1.name",
        "participants.-1.name",
        "participants.ada.name",
        "participants.0.name.x",
        "posts.1",
        "posts.²",
        "nothing.at.all",
        "",
        "embedder..model",
    ],
)
def test_a_path_that_leads_nowhere_is_refused(path):
    assert "there is no field" in told(experiment().replaced, {path: 1})


def test_who_would_add_to_a_list_is_told_where():
    cast = [{"name": name, "backend": "scripted", "model": name} for name in "ab"]
    two = experiment().replaced({"participants": cast})
    third = {"name": "c", "backend": "scripted", "model": "c"}
    said = told(two.replaced, {"participants.3": third})
    assert "there are 2, counted from 0; a table put at 2 is one more" in said
    assert len(two.replaced({"participants.2": third}).cast) == 3


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("beta=0.3", ("beta", 0.3)),
        (" steps = 5", ("steps", 5)),
        ("interaction=false", ("interaction", False)),
        ("reads=[[0], [1]]", ("reads", [[0], [1]])),
        ('query="What = next?"', ("query", "What = next?")),
        ("query=What next, then?", ("query", "What next, then?")),
        ("description=", ("description", "")),
        ("name=2026-11-22", ("name", "2026-11-22")),
        ("name=07:30:00", ("name", "07:30:00")),
        ("query=1\nbeta = 2", ("query", "1\nbeta = 2")),
        ("query=" + "9" * 5000, ("query", "9" * 5000)),
    ],
)
def test_settings_are_toml_values_or_plain_text(setting, expected):
    assert parse_setting(setting) == expected


@pytest.mark.parametrize("setting", ["beta", "=0.3", " =1", ""])
def test_a_setting_without_a_key_or_value_is_refused(setting):
    assert told(parse_setting, setting) == f"--set {setting!r}: write it as field=value, as in " + (
        "beta=0.3"
    )


@pytest.fixture
def preset(tmp_path):
    def write(text, name="my.toml"):
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write


HEAD = 'name = "x"\nquery = "q"\nparticipants = "auto"\n'


def test_a_posts_file_is_found_beside_the_experiment(preset, tmp_path):
    preset("One.\nTwo.\n", "posts.txt")
    made = read_experiment(preset(HEAD + 'posts_file = "posts.txt"\n'))
    assert [post.text for post in made.posts] == ["One.", "Two."]
    assert load_preset(str(tmp_path / "my.toml")) == made


def test_a_posts_file_of_the_command_line_is_found_from_where_one_is(preset, tmp_path, monkeypatch):
    preset("Three.\n", "more.txt")
    monkeypatch.chdir(tmp_path)
    made = changed(experiment(), {"posts_file": "more.txt", "beta": 0.3})
    assert [post.text for post in made.posts] == ["Three."]
    assert made.beta == 0.3


@pytest.mark.parametrize(
    ("lines", "sentence"),
    [
        ('posts_file = "none.txt"', "none.txt: there is no such file"),
        ("posts_file = 5", "my.toml: posts_file = 5: must be the path of a file"),
        ('posts_file = "\\u0000"', "can't be the name of a file"),
        ('posts_file = "a.txt"\nposts = []', "give either posts or posts_file, not both"),
        ("beta = 2", "my.toml: beta = 2: must be at most 1"),
        ("beta = ", "my.toml: not valid TOML: "),
        ('kind = "gmm"', "my.toml: specifies mixtures"),
    ],
)
def test_a_preset_that_cannot_be_used_is_named_with_the_reason(preset, lines, sentence):
    assert sentence in told(read_experiment, preset(HEAD + lines + "\n"))


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("quikstart", "no preset is called 'quikstart'; did you mean quickstart?"),
        ("zzz", "no preset is called 'zzz'; there are "),
        ("", "no preset is called ''; there are "),
        ("none.toml", "none.toml: there is no such file"),
        ("~nobody-of-this-name/x.toml", "there is no such file"),
    ],
)
def test_a_preset_that_is_not_there_is_said_to_be_missing(name, sentence, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert sentence in told(load_preset, name)


def test_toml_is_written_with_every_default():
    written = tomllib.loads(experiment().to_toml())
    assert written["template"]["post"] == "- {post}"
    assert written["participants"][0]["sampling"]["temperature"] == 0.8
    assert written["embedder"]["normalise"] is True
