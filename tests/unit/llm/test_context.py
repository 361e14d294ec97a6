import pytest

from lwd_tui.experiment.llm import Experiment
from lwd_tui.llm.additions import OFF_TOPIC, noise_posts
from lwd_tui.llm.context import estimated_tokens, frame, outside_texts, worst_context


def experiment(**changes):
    base = {
        "name": "x",
        "query": "q",
        "steps": 4,
        "beta": 0.5,
        "participants": [
            {"name": "a", "backend": "scripted", "model": "m", "sampling": {"max_tokens": 40}},
            {"name": "b", "backend": "scripted", "model": "m", "sampling": {"max_tokens": 80}},
        ],
        "posts": [{"text": f"p{number}"} for number in range(10)],
        "template": {"post": "{post}"},
    }
    return Experiment.from_dict(base | changes)


def test_by_hand():
    # |A(4)| = 18, k = 9. A synthetic post: 80 * 1.25 + 2 = 102 at most; 8 are written. Two human
    # posts are longer (300, 200), so 7 synthetic ones fill the draw: 300 + 200 + 7 * 102 = 1214,
    # plus frame 30, chat template 48 and a's own 40 = 1332, up to the next 256.
    who = experiment().cast[0]
    assert worst_context(experiment(), who, [300, 200] + [10] * 8, 30) == 1536
    # To the token: another 204 of the frame fill the 256 up, and one more begins the next.
    assert worst_context(experiment(), who, [300, 200] + [10] * 8, 234) == 1536
    assert worst_context(experiment(), who, [300, 200] + [10] * 8, 235) == 1792


def test_short_human_posts_fill_the_draw_when_too_few_are_written():
    # beta = 1 reads all 18: 8 synthetic of 102 and ten human of 10 = 916, + 30 + 48 + 40 = 1034.
    spec = experiment(beta=1.0)
    assert worst_context(spec, spec.cast[0], [10] * 10, 30) == 1280
    assert worst_context(spec, spec.cast[0], [10] * 10, 20) == 1024
    assert worst_context(spec, spec.cast[0], [10] * 10, 21) == 1280


def test_a_post_as_long_as_a_synthetic_one_counts_once():
    # Nobody posts: five are drawn, 102 and four of 10 = 142, + 48 + 40 + 26 = 256.
    spec = experiment(interaction=False)
    assert worst_context(spec, spec.cast[0], [102] + [10] * 9, 26) == 256
    assert worst_context(spec, spec.cast[0], [102] + [10] * 9, 27) == 512


def test_no_later_step_can_need_more_than_the_last():
    costs = [300, 200] + [10] * 8
    needs = [
        worst_context(experiment(steps=steps), experiment().cast[0], costs, 30)
        for steps in range(1, 30)
    ]
    assert needs == sorted(needs)


def test_an_estimate_of_tokens_is_rather_too_many():
    assert estimated_tokens("") == 1
    assert estimated_tokens("x" * 300) == 101
    assert estimated_tokens("日本語") == 4


def test_fresh_posts_are_reckoned_with():
    # Nobody posts, so that |A(4)| = 10 + 4 * 3 = 22 and k = 11: the ten longest of the reserve are
    # 500 each, and one post of A(0) is 10. 5010 + 30 + 48 + 40 = 5128, up to the next 256.
    reserve = [{"text": f"r{number}"} for number in range(12)]
    spec = experiment(interaction=False, fresh=3, reserve=reserve)
    texts = outside_texts(spec)
    assert texts == [post.text for post in (*spec.posts, *spec.reserve)]
    costs = [10] * 10 + [500] * 10 + [9] * 2
    assert worst_context(spec, spec.cast[0], costs, 30) == 5376
    assert outside_texts(experiment(reserve=reserve)) == [post.text for post in spec.posts]


@pytest.mark.parametrize("kind", ["shuffled", "off-topic"])
def test_noise_is_reckoned_with_at_its_longest(kind):
    # |A(4)| = 10 + 4 * (2 + 2) = 26: of 8 posts of noise all may be among the 13 of a draw.
    spec = experiment(noise=2, noise_kind=kind)
    noise = outside_texts(spec)[10:]
    assert len(noise) == 8
    longest = max(len(text) for t in range(40) for text in noise_posts(spec, t))
    assert {len(text) for text in noise} == {longest}
    assert (set(noise) <= set(OFF_TOPIC)) == (kind == "off-topic")
    # Nothing is read but noise and A(0): no more than a draw holds is counted.
    quiet = experiment(noise=2, noise_kind=kind, interaction=False, beta=0.1)
    assert len(outside_texts(quiet)) == 10 + 1


@pytest.mark.parametrize(("style", "asked"), [("chat", "S\n\nONLY q"), ("completion", "ONLY q")])
def test_the_frame_is_the_query_with_the_template_of_the_style(style, asked):
    template = {"system": "S", "post": "{post}", "unread": "ONLY {query}",
                "chat": "CHAT {query} {posts}", "completion": "{query} {posts}"}  # fmt: skip
    who = {"name": "a", "backend": "scripted", "model": "m", "style": style}
    spec = experiment(template=template, participants=[who])
    assert frame(spec, spec.cast[0]) == f"{asked}\n{template[style]}"
