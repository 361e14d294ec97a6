from lwd_tui.dynamics.context import estimated_tokens, worst_context
from lwd_tui.experiment import Experiment


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


def test_short_human_posts_fill_the_draw_when_too_few_are_written():
    # beta = 1 reads all 18: 8 synthetic of 102 and ten human of 10 = 916, + 30 + 48 + 40 = 1034.
    spec = experiment(beta=1.0)
    assert worst_context(spec, spec.cast[0], [10] * 10, 30) == 1280


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
