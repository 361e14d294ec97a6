"""What is written where, what is refused, and the command."""

import subprocess
import sys

import pytest
import typer
from support.pages import parsed, rows, table
from support.store_samples import experiment, simple_step, write
from typer.testing import CliRunner

from lwd_tui.analysis.weights import norms
from lwd_tui.cli.report import report
from lwd_tui.errors import LwdError
from lwd_tui.experiment.gmm import GmmSpec
from lwd_tui.gmm.network import simulate
from lwd_tui.report.tally import Answers, Tally
from lwd_tui.report.write import ReportError, write_report
from lwd_tui.run.mixtures import keep, summarise, theory
from lwd_tui.store.errors import RunExists, StoreError
from lwd_tui.store.files import write_whole
from lwd_tui.store.run import RunStore
from lwd_tui.types import Attempt, Response

app = typer.Typer()
app.command()(report)
SPEC = GmmSpec(name="small", steps=12, replicates=4, seed=3)


@pytest.fixture
def run(tmp_path):
    path = tmp_path / "ten.sqlite"
    with RunStore.create(path, experiment(), {}) as store:
        for t in range(3):
            write(store, simple_step(t))
    return path


@pytest.fixture
def mixtures(tmp_path):
    path = tmp_path / "mixtures.sqlite"
    keep(simulate(SPEC), path)
    return path


def called(*words):
    """Return what the command writes; an error that a user would read is raised."""
    result = CliRunner().invoke(app, [str(word) for word in words])
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("a.html", b"<!DOCTYPE html>"),
        ("b.PNG", b"\x89PNG"),
        ("new/folder/c.svg", b"<?xml"),
        ("d.pdf", b"%PDF"),
    ],
)
def test_the_ending_says_what_is_written(run, tmp_path, name, start):
    out = tmp_path / name
    assert called(run, "-o", out) == f"{out}\n"
    assert out.read_bytes().startswith(start)
    assert [path.name for path in out.parent.glob(".*")] == []


def test_one_figure_alone_can_be_had(run, tmp_path):
    texts = {}
    for figure in ("norm", "scatter", "dispersion", "clusters", "posts", "all"):
        called(run, "-o", tmp_path / f"{figure}.svg", "--figure", figure)
        page = parsed((tmp_path / f"{figure}.svg").read_text(encoding="utf-8"))
        texts[figure] = " ".join(label.text for label in page.all("text"))
    signs = {
        "norm": "Norm ‖D(t)‖F",
        "scatter": "classical",
        "dispersion": "Dispersion S",
        "clusters": "Clusters of answers",
    }
    for figure, sign in signs.items():
        assert [name for name in texts if sign in texts[name]] == [figure, "all"]
    assert "tiny · run ten" in texts["norm"]
    assert "Posts side by side" in texts["posts"]
    assert "Posts side by side" not in texts["all"]


def test_the_steps_that_are_shown_can_be_named(run, tmp_path):
    called(run, "-o", tmp_path / "a.svg", "--figure", "scatter", "--at", "0", "--at", "1")
    page = parsed((tmp_path / "a.svg").read_text(encoding="utf-8"))
    titles = [label.text for label in page.all("text") if label.text.startswith("t = ")]
    assert [title[:5] for title in titles] == ["t = 0", "t = 1"]


def test_what_is_there_is_kept_unless_it_may_be_replaced(run, tmp_path):
    out = tmp_path / "a.png"
    out.write_text("mine")
    with pytest.raises(RunExists, match="exists already"):
        called(run, "-o", out)
    assert out.read_text() == "mine"
    called(run, "-o", out, "--force")
    assert out.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            ("-o", "a.gif"),
            r"a\.gif: a report is a page \(\.html\) or a picture \(\.png, \.svg, \.pdf\)",
        ),
        (("-o", "a"), "the file's ending says which"),
        (("-o", "a.html", "--figure", "norm"), "a page has all figures; leave --figure norm out"),
        (("-o", "a.html", "--at", "1"), "--at is for the figures scatter and posts"),
        (("-o", "a.png", "--at", "9"), "--at 9: the run has whole steps up to t = 2"),
        (("-o", "a.png", "--figure", "weights"), "has no figure 'weights'; it has norm, scatter"),
    ],
)
def test_wrong_use_is_one_sentence(run, tmp_path, monkeypatch, options, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ReportError, match=sentence) as told:
        called(run, *options)
    assert told.value.exit_code == 2
    assert "\n" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == [run.name]


def test_a_run_without_a_step_has_no_picture(tmp_path):
    with RunStore.create(tmp_path / "a.sqlite", experiment(), {}) as store:
        for figure in (None, "norm"):
            with pytest.raises(ReportError, match="no step is whole yet"):
                write_report(store, tmp_path / "a.png", figure)


def test_a_missing_package_is_told_with_what_to_install(run, tmp_path, monkeypatch):
    monkeypatch.setattr("lwd_tui.report.write.find_spec", lambda name: None)
    with pytest.raises(
        ReportError, match=r"jinja2 and matplotlib.*pip install 'lwd-tui\[report\]'"
    ):
        called(run, "-o", tmp_path / "a.html")


def test_a_folder_that_can_not_be_written_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="its folder is a file"):
        write_whole(tmp_path / "file" / "a.html", b"")
    with pytest.raises(RunExists):
        write_whole(tmp_path, b"", replace=True)


def test_the_command_loads_neither_matplotlib_nor_jinja2():
    code = "import lwd_tui.cli.report, lwd_tui.report.write, sys; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"matplotlib", "jinja2", "scipy", "numba"} & set(result.stdout.split())


def test_the_page_of_mixtures_holds_their_numbers(mixtures, tmp_path):
    called(mixtures, "-o", tmp_path / "a.html")
    page = parsed((tmp_path / "a.html").read_text(encoding="utf-8"))
    made = simulate(SPEC)
    curves, expected, summary = norms(made.weights), theory(made), summarise(made)
    steps = rows(table(page, "Each step"))
    assert [int(cells[0]) for cells in steps] == list(range(13))
    assert [int(cells[1]) for cells in steps] == [9 * t // 2 for t in range(13)]
    for t, cells in enumerate(steps):
        ordered = sorted(curves[:, t])
        # Of four numbers the median is the middle of the second and the third.
        assert float(cells[4]) == pytest.approx((ordered[1] + ordered[2]) / 2, abs=5.1e-5)
        assert float(cells[6]) == pytest.approx(expected[t], abs=5.1e-5)
    replicates = rows(table(page, "Each replicate"))
    assert [cells[2] for cells in replicates] == [f"{value:.4f}" for value in curves[:, -1]]
    assert f"{summary.floor_measured:.4f}" in page.one("section", id="numbers").text
    assert len(page.all("svg")) == 3
    (folded,) = page.one("section", id="reproduce").all("details")
    assert GmmSpec.from_toml(folded.one("pre").raw) == SPEC
    assert "lwd-tui gmm --preset experiment.toml" in page.text
    names = [element.attributes["id"] for element in page.all() if "id" in element.attributes]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    "changes",
    [
        {"means": [[0, 0], [4, 0], [0, 4]], "covariance": [1, 2], "moving": "all"},
        {"steps": 1, "replicates": 1},
        {"participants": 30, "steps": 4, "replicates": 8, "topology": "ring"},
        {"weights": [[0.5, 0.5]] * 3, "human": {"points": [-5, 5, 5]}, "steps": 3},
    ],
)
def test_mixtures_of_every_kind_have_a_page(tmp_path, changes):
    keep(simulate(GmmSpec.from_dict(SPEC.to_dict() | changes)), tmp_path / "a.sqlite")
    called(tmp_path / "a.sqlite", "-o", tmp_path / "a.html")
    page = parsed((tmp_path / "a.html").read_text(encoding="utf-8"))
    assert len(page.all("svg")) == 3
    assert ("topology = ring" in page.text) == ("topology" in changes)


def test_a_figure_of_language_models_is_none_of_mixtures(mixtures, tmp_path):
    with pytest.raises(LwdError, match="no figure 'scatter'; it has norm, weights, densities"):
        called(mixtures, "-o", tmp_path / "a.svg", "--figure", "scatter")
    called(mixtures, "-o", tmp_path / "a.svg", "--figure", "densities")


def test_answers_are_counted_with_every_attempt():
    def attempt(problem, prompt, tokens, retries=()):
        return Attempt("x", 1, "stop", prompt, tokens, 1.0, problem, retries=retries)

    counted = Tally([Answers(), Answers()])
    counted.count(
        [
            Response(0, 0, 0, (attempt("blank", 9, 1, ("busy", "busy")), attempt("", 9, 4))),
            Response(0, 0, 1, (attempt("", 12, 3),)),
            Response(0, 1, 0, (attempt("blank", None, None), attempt("cut", None, None))),
        ]
    )
    ada, ben = counted.answers
    assert (ada.total, ada.failed, ada.again, ada.retries) == (2, 0, 1, 2)
    assert (ada.longest_prompt, ada.tokens) == (12, 8)
    assert (ben.total, ben.failed, ben.again, ben.retries) == (1, 1, 1, 0)
    assert (ben.longest_prompt, ben.tokens) == (None, None)
    assert counted.unusable == 3
    assert counted.problems == {"blank": 2, "cut": 1}
    assert counted.faults == {"busy": 2}
    assert [(each.response.participant, each.number) for each in counted.examples] == [
        (0, 0),
        (1, 0),
        (1, 1),
    ]
