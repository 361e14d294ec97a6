import pytest

from lwd_tui.dynamics.prompt import build_prompt as build
from lwd_tui.dynamics.prompt import post_line
from lwd_tui.experiment import Participant, Template
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


def test_a_prompt_survives_its_stored_form_and_equal_prompts_hash_equal():
    prompt = build_prompt(TEMPLATE, participant(), 'quote " \\ 日本', ["é\u2028"])
    assert Prompt.from_json(prompt.to_json()) == prompt
    assert prompt.sha256 == Prompt.from_json(prompt.to_json()).sha256
    assert prompt.sha256 != build_prompt(TEMPLATE, participant(), "other", ["é"]).sha256
