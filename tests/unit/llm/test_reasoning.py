"""Thinking is kept apart from the answer in every spelling, and nothing of either is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lwd_tui.llm.answers import problem_of
from lwd_tui.llm.reasoning import holds_reasoning, split_reasoning

PROSE = st.text(st.characters(codec="utf-8", exclude_characters="<[|"), min_size=1)
SPELLINGS = {
    "think": "<think>{}</think>{}",
    "thinking": "<thinking>{}</thinking>{}",
    "capitals": "<THINK>{}</THINK>{}",
    "brackets": "[THINK]{}[/THINK]{}",
    "lone closing tag": "{}</think>{}",
    "lone closing bracket": "{}[/THINK]{}",
    "seed": "<seed:think>{}</seed:think>{}",
    "command": "<|START_THINKING|>{}<|END_THINKING|><|START_RESPONSE|>{}<|END_RESPONSE|>",
    "gemma 4": "<|channel>thought\n{}<channel|>{}",
    "apertus": "<|inner_prefix|>{}<|inner_suffix|>{}",
    "open thoughts": "<|begin_of_thought|>{}<|end_of_thought|>\n\n"
    "<|begin_of_solution|>{}<|end_of_solution|>",
    "reflection": "<reflection>{}</reflection>{}",
    "framed answer": "<think>{}</think>\n<answer>{}</answer>",
    "framed output": "<scratchpad>{}</scratchpad><output>{}</output>\n",
    "granite": "Here is my thought process: {} Here's my response: {}",
    "harmony": "<|channel|>analysis<|message|>{}<|end|><|start|>assistant<|channel|>final"
    "<|message|>{}<|return|>",
    "harmony, cut at the end": "<|channel|>analysis<|message|>{}<|end|>"
    "<|start|>assistant<|channel|>final<|message|>{}",
}


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
@given(thought=PROSE, answer=PROSE)
def test_each_spelling_is_split(spelling, thought, answer):
    found, thinking = split_reasoning(spelling.format(thought, answer))
    assert found.strip() == answer.strip()
    assert thinking.strip() == thought.strip()
    assert not holds_reasoning(found)


@given(answer=PROSE)
def test_an_answer_without_marks_is_left_as_it_is(answer):
    assert split_reasoning(answer) == (answer, "")


def test_several_blocks_before_the_answer():
    text = "<think>one</think>\n<think>two</think>\nPrices rise."
    assert split_reasoning(text) == ("\nPrices rise.", "one\ntwo")


def test_an_opening_tag_after_which_nothing_else_came():
    assert split_reasoning("<think>It could go") == ("", "It could go")
    assert split_reasoning("<|channel|>analysis<|message|>It could go") == ("", "It could go")


@pytest.mark.parametrize(
    "text",
    ["Prices rise. <think>Or do they?</think>", "It rises [/THINK", "Up.<|channel|>final"],
)
def test_marks_within_an_answer_make_it_unusable(text):
    answer, _ = split_reasoning(text)
    unusable = problem_of(answer.strip(), "stop")
    # The second is no mark, only like one.
    assert unusable == ("" if text.endswith("THINK") else "it holds marks of the model's thinking")


def test_thinking_that_took_all_the_tokens_is_told_so():
    told = problem_of("", "length", "Well, one could say")
    assert "thinking took all the tokens" in told
    assert "sampling.thinking_tokens" in told
    assert problem_of("Prices", "length", "Well") == "cut off by max_tokens"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("stop", ""),
        ("eos", ""),
        ("content_filter", "it ended by content_filter, not by itself"),
        ("tool_calls", "it ended by tool_calls, not by itself"),
        ("\x1b]0;x\x07odd", "it ended by odd, not by itself"),
        ("", "it ended by no reason, not by itself"),
    ],
)
def test_only_a_natural_end_makes_an_answer(reason, told):
    assert problem_of("Prices will rise.", reason) == told


@pytest.mark.parametrize(
    ("text", "answer", "thinking"),
    [
        ("<|think|>hm<|/think|>Up.", "Up.", "hm"),
        ("◁think▷hm◁/think▷Up.", "Up.", "hm"),
        ("<reason>hm</reason>Up.", "Up.", "hm"),
        ("< think >hm</ think >Up.", "Up.", "hm"),
        ("<think foo='1'>hm</think>Up.", "Up.", "hm"),
        ("analysisWe think.assistantfinalUp.", "Up.", "We think."),
        (
            "<|channel|>commentary<|constrain|>json<|message|>hm<|end|>"
            "<|start|>assistant<|channel|>final<|message|>Up.",
            "Up.",
            "hm",
        ),
    ],
)
def test_rarer_spellings(text, answer, thinking):
    assert split_reasoning(text) == (answer, thinking)


@pytest.mark.parametrize("mark", ["<|start|>", "<|end|>", "<|return|>", "<|call|>", "<|think|>"])
def test_what_is_left_of_a_format_makes_an_answer_unusable(mark):
    answer, _ = split_reasoning(f"Prices rise.{mark} More.")
    assert problem_of(answer, "stop") == "it holds marks of the model's thinking"


def test_an_answer_that_is_all_thinking_is_told_so():
    assert problem_of("", "stop", "hm") == "it is all thinking, without an answer"
    assert problem_of("", "stop") == "blank"


@pytest.mark.parametrize(
    "text",
    [
        "Analysis shows a rise.",
        "analysis of prices",
        "A < think > B",
        "<answer>Up.</answer>",
        "Here is my thought process: it rises.",
    ],
)
def test_ordinary_words_are_no_marks_at_the_start(text):
    assert split_reasoning(text) == (text, "")
