import pytest

from lwd_tui.llm.answers import problem_of


@pytest.mark.parametrize(
    "text",
    [
        "Bitcoin will keep its place among savers.",
        "Here is one sentence: Bitcoin will last.",
        "Sure, it will grow.",
        "Yes.",
        "Okay, here's a thought nobody shares: scarcity is a story.",
        "Here is a future in which nobody pays in cash.",
        "Bitcoin",
        "比特币的未来不确定。",
        "Certainty is rare.",
    ],
)
def test_usable(text):
    # "Yes." alone says nothing; everything else here does.
    assert bool(problem_of(text, "stop")) is (text == "Yes.")


@pytest.mark.parametrize("text", ["", "  ", "...", "—", "\n\n", "**", "🚀", "1", "2)"])
def test_blank(text):
    assert problem_of(text, "stop") == "blank"


@pytest.mark.parametrize(
    "text",
    [
        "Here is one concise sentence about the future prospects of Bitcoin:",
        "Sure! Here's a sentence:",
        "Sure, here is one concise sentence about the future:",
        "**Here is my answer:**",
        "Of course!",
        "Certainly.",
        "Below is a summary of the posts.",
        "Here’s the sentence.",
        "Answer:",
    ],
)
def test_only_a_preamble(text):
    assert problem_of(text, "stop") == "only a preamble"


def test_an_answer_that_the_limit_cut_is_not_used_however_good_it_looks():
    assert problem_of("Bitcoin will last.", "length") == "cut off by max_tokens"


def test_half_a_character_is_not_posted():
    assert problem_of("Bitcoin \ud83d", "stop") == "not valid Unicode"
    assert problem_of("Bitcoin \U0001f680", "stop") == ""
