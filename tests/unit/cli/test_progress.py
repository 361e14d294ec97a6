import pytest
from rich.console import Console

from lwd_tui.cli.progress import LineReporter
from lwd_tui.experiment.files import load_preset
from lwd_tui.llm.answers import problem_of
from lwd_tui.llm.network import AttemptRejected
from lwd_tui.types import Attempt


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        # A reason of a few words, and one that is a sentence: both are told as they are.
        (problem_of("", "stop"), "blank"),
        (problem_of("", "stop", "hm"), "it is all thinking, without an answer"),
    ],
)
def test_why_an_answer_is_asked_for_again_reads_as_a_sentence(reason, told, capsys):
    experiment = load_preset("quickstart")
    reporter = LineReporter(Console(width=200))
    reporter.start(experiment, 0)
    attempt = Attempt("", 1, "stop", 9, 8, 0.1, reason)
    reporter.see(AttemptRejected(3, 0, 0, attempt))
    name = experiment.cast[0].name
    expected = f"t 3  {name}: asked again, an answer was unusable: {told}\n"
    assert capsys.readouterr().out == expected
