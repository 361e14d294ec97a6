import pytest

from lwd_tui.llm.answers import problem_of


@pytest.mark.parametrize(
    "text",
    [
        "Bitcoin will keep its place among savers.",
        "Here is one sentence: Bitcoin will last.",
        "Sure, it will grow.",
        "Okay, here's a thought nobody shares: scarcity is a story.",
        "Here is a future in which nobody pays in cash.",
        "Bitcoin",
        "比特币的未来不确定。",
        "Certainty is rare.",
    ],
)
def test_usable(text):
    assert problem_of(text, "stop") == ""


@pytest.mark.parametrize(
    ("yes", "no"),
    [
        ("Yes.", "No."),
        ("yes", "no"),
        ("Absolutely!", "Absolutely not!"),
        ("Certainly.", "Certainly not."),
        ("Of course!", "Of course not!"),
        ("**Yes, absolutely.**", "**No, never.**"),
    ],
)
def test_to_agree_is_an_answer_as_to_disagree_is(yes, no):
    assert problem_of(yes, "stop") == problem_of(no, "stop") == ""


@pytest.mark.parametrize(
    "text", ["7", "7.", "1", "42%", "½", "-3", "🚀", "❤️", "👍🏽", "🇨🇭", "☺", "Sure! 7", "七"]
)
def test_a_number_or_an_emoji_is_an_answer(text):
    assert problem_of(text, "stop") == ""


@pytest.mark.parametrize(
    "text", ["", "  ", "...", "—", "\n\n", "**", "2)", "(2)", "- ", "___", "?!", "•", "│", "→"]
)
def test_blank(text):
    assert problem_of(text, "stop") == "blank"


@pytest.mark.parametrize(
    "text",
    [
        "Here is one concise sentence about the future prospects of Bitcoin:",
        "Sure! Here's a sentence:",
        "Sure, here is one concise sentence about the future:",
        "**Here is my answer:**",
        "Okay.",
        "Great!",
        "Sure thing!",
        "Yes! Here is the answer.",
        "Sure. 🚀 Here is my answer:",
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
