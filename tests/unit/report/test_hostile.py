"""Text that a model, a file or a server may have written, in every place of a report."""

import re
import unicodedata
from dataclasses import replace

import pytest
from support.pages import parsed
from support.store_samples import attempt, experiment, simple_step, write

from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.experiment.llm import Experiment
from lwd_tui.report.page import command, shown_toml
from lwd_tui.report.write import write_report
from lwd_tui.store.run import RunStore
from lwd_tui.text import clean
from lwd_tui.types import Post, Response

EVIL = (
    "<script>alert(1)</script>\"'><img src=x onerror=alert(2)></style></title></textarea>"
    "\x1b]0;owned\x07\x1b[31m\u202egnp.exe\u200b $\\frac{x$ {{ 7*7 }} {% raw %} --> ]]> 漢字 &lt; "
    "\ud800"
)
NAME = '<b onclick="x">\u202e$a_$ & \U0001f600{{ 1 }}'


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Make a run whose every text is hostile; half surrogates can't be in an experiment."""
    whole = EVIL[:-1]
    names = [f"{NAME}{number}" for number in (1, 2)]
    what = experiment().replaced(
        {
            "name": f"{NAME}!",
            "description": whole,
            "query": whole,
            "participants": [
                {"name": name, "backend": "scripted", "model": whole, "system": whole, "host": "h"}
                for name in names
            ],
            "embedder": {"backend": "scripted", "model": whole, "prefix": whole},
            "posts": [{"text": whole, "author": whole, "label": whole}] * 3,
        }
    )
    models = [{"name": EVIL, "digest": EVIL, "quantisation": EVIL, "server": EVIL, "host": EVIL}]
    record = {
        "versions": {EVIL: EVIL},
        "platform": EVIL,
        "hosts": [EVIL],
        "notes": [EVIL],
        "note": EVIL,
        "models": models * 2,
        "embedder": models[0],
    }
    bad = attempt(EVIL, problem=EVIL, retries=(EVIL,), finish_reason=EVIL)
    step = simple_step(0)
    answers = tuple(
        Response(0, answer.participant, answer.index, (bad, attempt(EVIL)))
        for answer in step.responses
    )
    path = tmp_path_factory.mktemp("run") / "<i>'a\".sqlite"
    with RunStore.create(path, what, record) as store:
        write(store, replace(step, responses=answers))
        store.add_posts([Post(5, EVIL, EVIL, "injected", 1, EVIL)])
        store.add_event(EVIL, EVIL, 1)
    return path


def report(path, ending, **options):
    out = path.parent / f"out{ending}"
    with RunStore.open(path) as store:
        write_report(store, out, replace=True, **options)
    return out.read_bytes()


@pytest.fixture(scope="module")
def text(path):
    return report(path, ".html").decode()


def test_hostile_text_makes_no_element_and_no_attribute(text):
    page = parsed(text)
    tags = {element.tag for element in page.all()}
    assert not tags & {"script", "img", "b onclick", "i", "textarea", "iframe"}
    assert not [e for e in page.all("b") if e.attributes]
    for element in page.all():
        assert not [name for name in element.attributes if name.startswith("on")]
    assert len(page.all("style")) == 1
    assert "{{ 7*7 }}" in page.text
    assert page.text.count("<script>alert(1)</script>") > 15


def test_nothing_invisible_or_reversing_is_left(text):
    allowed = set("\n")
    kinds = {c: unicodedata.category(c) for c in set(text) - allowed}
    assert not [c for c, kind in kinds.items() if kind in ("Cc", "Cf", "Cs")]
    said = parsed(text).one("section", id="said").text
    assert "gnp.exe" in said
    assert "owned" not in said


def test_whole_text_survives_apart_from_what_can_not_be_shown(text):
    shown = " ".join(clean(EVIL).split())
    assert shown in parsed(text).one("section", id="said").text


@pytest.mark.parametrize("ending", [".svg", ".html"])
def test_names_stand_in_the_figures_as_they_are_and_not_as_mathematics(path, ending):
    root = parsed(report(path, ending).decode())
    words = " ".join(label.text for label in root.all("text"))
    assert '<b onclick="x">$a_$ &…' in words
    assert "\u202e" not in words


def test_a_picture_of_hostile_names_is_drawn_without_a_warning(path):
    assert report(path, ".png").startswith(b"\x89PNG\r\n\x1a\n")


@pytest.mark.parametrize(
    "text",
    [
        "plain",
        "tab\there",
        "\u202ereversed\u2069",
        "a\u200bb",
        "\x9b31m",
        'say "\\U" \\ é',
        "e" + "\u0301" * 20,
    ],
)
def test_a_shown_specification_reads_back_as_the_same_whatever_is_in_it(text):
    what = experiment().replaced({"query": text, "posts": [{"text": text, "label": text}]})
    shown = shown_toml(what)
    assert clean(shown) == shown
    assert Experiment.from_toml(shown) == what


def test_text_that_can_be_shown_is_not_escaped():
    assert "größer 漢字" in shown_toml(experiment().replaced({"query": "größer 漢字"}))


def test_the_specification_in_the_page_is_the_hostile_one(path, text):
    (folded,) = parsed(text).one("section", id="reproduce").all("details")
    with RunStore.open(path) as store:
        assert Experiment.from_toml(folded.one("pre").raw) == store.experiment


def test_a_server_s_name_can_not_leave_its_place_on_the_command_line():
    line = command(("--headless",), ["http://a; rm -rf ~", "http://b"])
    assert line == "lwd-tui --headless --host 'http://a; rm -rf ~' --host http://b"


def test_mixtures_too(tmp_path):
    from lwd_tui.gmm.network import simulate
    from lwd_tui.run.mixtures import keep

    keep(
        simulate(GmmSpec(name=NAME, description=EVIL[:-1], steps=3, replicates=1)),
        tmp_path / "a.sqlite",
    )
    data = report(tmp_path / "a.sqlite", ".html").decode()
    page = parsed(data)
    assert not page.all("script")
    assert not re.search("[\x00-\x09\x0b-\x1f\u202e\u200b]", data)
    assert "<script>alert(1)</script>" in page.text
