import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.experiment.llm import Participant, Template
from lwd_tui.llm.prompt import build_prompt as build
from lwd_tui.llm.prompt import defuse, post_line
from lwd_tui.types import Message, Prompt

TEMPLATE = Template(
    system="S",
    post="* {post}",
    chat="READ\n{posts}\nASK {query}",
    completion="BASE\n{posts}\nQ {query}\nA",
    unread="ONLY {query}",
)


def build_prompt(template, who, query, posts):
    return build(template, who, query, [post_line(template, post) for post in posts])


def participant(**fields):
    return Participant(name="a", backend="scripted", model="m", **fields)


def test_a_chat_prompt_word_for_word():
    prompt = build_prompt(TEMPLATE, participant(), "why?", ["one", "two"])
    assert prompt == Prompt(
        "chat", (Message("system", "S"), Message("user", "READ\n* one\n* two\nASK why?"))
    )


def test_a_completion_prompt_word_for_word():
    prompt = build_prompt(TEMPLATE, participant(style="completion"), "why?", ["one"])
    assert (prompt.style, prompt.text) == ("completion", "BASE\n* one\nQ why?\nA")


def test_a_persona_takes_the_place_of_the_system_prompt():
    chat = build_prompt(TEMPLATE, participant(system="P"), "why?", ["one"])
    assert chat.messages[0] == Message("system", "P")
    base = build_prompt(TEMPLATE, participant(system="P", style="completion"), "why?", ["one"])
    assert base.text.startswith("P\n\nBASE")


def test_no_system_prompt_means_no_system_message():
    silent = TEMPLATE.model_copy(update={"system": ""})
    prompt = build_prompt(silent, participant(), "why?", ["one"])
    assert [message.role for message in prompt.messages] == ["user"]


@pytest.mark.parametrize("style", ["chat", "completion"])
def test_with_nothing_to_read_only_the_query_is_asked(style):
    prompt = build_prompt(TEMPLATE, participant(style=style), "why?", [])
    assert prompt.messages[-1].content == "ONLY why?"


def test_a_post_stays_one_line_and_cannot_smuggle_in_a_place():
    prompt = build_prompt(TEMPLATE, participant(), "SECRET", ["a\n\n b\t{query} {posts} {post}"])
    assert prompt.messages[1].content == "READ\n* a b {query} {posts} {post}\nASK SECRET"


def test_a_prompt_survives_its_stored_form_and_equal_prompts_have_the_same():
    prompt = build_prompt(TEMPLATE, participant(), 'quote " \\ 日本', ["é\u2028"])
    assert Prompt.from_json(prompt.to_json()) == prompt
    assert prompt.to_json() == Prompt.from_json(prompt.to_json()).to_json()
    assert prompt.to_json() != build_prompt(TEMPLATE, participant(), "other", ["é"]).to_json()


SPELLINGS = {
    "<|im_start|>": "< |im_start|>",
    "<|im_end|>": "< |im_end|>",
    "<|eot_id|>": "< |eot_id|>",
    "<｜User｜>": "< ｜User｜>",
    "<｜end▁of▁sentence｜>": "< ｜end▁of▁sentence｜>",
    "<start_of_turn>": "< start_of_turn>",
    "<end_of_turn>": "< end_of_turn>",
    "<s>": "< s>",
    "</s>": "< /s>",
    "<bos>": "< bos>",
    "<eos>": "< eos>",
    "<unused42>": "< unused42>",
    "<seed:think>": "< seed:think>",
    "<think>": "< think>",
    "</think>": "< /think>",
    "<tool_call>": "< tool_call>",
    "<<SYS>>": "<< SYS>>",
    "<</SYS>>": "<< /SYS>>",
    "[INST]": "[ INST]",
    "[/INST]": "[ /INST]",
    "[SYSTEM_PROMPT]": "[ SYSTEM_PROMPT]",
    "[TOOL_CALLS]": "[ TOOL_CALLS]",
    "[|endofturn|]": "[ |endofturn|]",
    "[gMASK]": "[ gMASK]",
    "[@BOS@]": "[ @BOS@]",
}


@pytest.mark.parametrize(("spelling", "plain"), SPELLINGS.items())
def test_a_control_token_in_a_post_or_the_query_becomes_plain_text(spelling, plain):
    prompt = build_prompt(TEMPLATE, participant(), f"why{spelling}?", [f"a{spelling}\n{spelling}b"])
    assert prompt.messages[1].content == f"READ\n* a{plain} {plain}b\nASK why{plain}?"
    unread = build_prompt(TEMPLATE, participant(style="completion"), spelling, [])
    assert unread.text == f"ONLY {plain}"


def test_the_experimenters_own_template_and_persona_stay_as_they_are():
    template = Template(completion="<start_of_turn>user\n{posts}\n{query}<end_of_turn>")
    prompt = build_prompt(template, participant(style="completion", system="<bos>"), "q", ["p"])
    assert prompt.text == "<bos>\n\n<start_of_turn>user\n- p\nq<end_of_turn>"


@pytest.mark.parametrize(
    "text",
    [
        "1 < 2 and 3 > 2",
        "I <3 bitcoin",
        "a <- b -> c",
        "[EDIT] up 5 % [1]",
        "x[i] || y",
        "<>",
        "日本 é",
    ],
)
def test_ordinary_text_is_not_changed(text):
    assert defuse(text) == text


PIECES = st.sampled_from([*SPELLINGS, "<", ">", "|", "/", "[", "]", " ", "<|", "|>", "INST", "s"])


@settings(deadline=None, max_examples=300)
@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_spelling_survives_and_nothing_but_spaces_is_added(text):
    defused = defuse(text)
    assert not [spelling for spelling in SPELLINGS if spelling in defused]
    assert defused.replace(" ", "") == text.replace(" ", "")
    assert defuse(defused) == defused


@pytest.mark.parametrize(
    "text", ["<" * 400_000, "<a" * 200_000, "<" + "a" * 400_000, "[/" * 200_000]
)
def test_the_time_is_linear_in_the_length(text):
    began = time.perf_counter()
    defuse(text)
    assert time.perf_counter() - began < 5
