"""What joins the Internet besides the answers: fresh human posts, and noise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from lwd_tui.experiment.llm import Experiment, SeedPost
from lwd_tui.seeds import generator
from lwd_tui.types import Post

OFF_TOPIC = (
    "The bakery on the corner now opens at six on Sundays.",
    "Our cat sleeps in the fruit bowl and nobody dares to move her.",
    "Rain is due on the coast by noon, clearing in the evening.",
    "I finally fixed the squeaking hinge with a drop of olive oil.",
    "The choir practises the slow movement again next Thursday.",
    "Tomatoes want more sun and less water than I gave them.",
    "Does anyone know when the library returns box is emptied?",
    "She ran the whole lake path without stopping for the first time.",
    "The old bridge is closed to cars until the paint has dried.",
    "A good soup needs salt early and lemon late.",
    "My neighbour is learning the trumpet, mostly at breakfast.",
    "The museum has moved the whale to the second floor.",
    "We counted eleven herons on the way to the mill.",
    "Lost: one blue glove, left hand, near the bus stop.",
    "The third season is slower but the ending makes up for it.",
    "Grandmother's recipe says to stir until you are bored.",
)


def fresh_posts(experiment: Experiment, used: Iterable[Post]) -> list[SeedPost]:
    """Return the human posts that a step adds from the reserve; each is used once.

    Parameters
    ----------
    experiment : Experiment
    used : iterable of Post
        Those that earlier steps added, perhaps by the rules of the run that this one is a fork of.
    """
    if not experiment.fresh:
        return []
    gone = Counter((post.text, post.author, post.label) for post in used)
    chosen: list[SeedPost] = []
    for place in generator(experiment.seed, "fresh").permutation(len(experiment.reserve)).tolist():
        post = experiment.reserve[place]
        if gone[key := (post.text, post.author, post.label)]:
            gone[key] -= 1
        elif len(chosen) < experiment.fresh:
            chosen.append(post)
    return chosen


def noise_posts(experiment: Experiment, t: int) -> Iterator[str]:
    """Yield the texts of the noise that step t adds."""
    rng = generator(experiment.seed, "noise", t)
    for _ in range(experiment.noise):
        if experiment.noise_kind == "off-topic":
            yield OFF_TOPIC[rng.integers(len(OFF_TOPIC))]
        else:
            words = experiment.posts[rng.integers(len(experiment.posts))].text.split()
            yield " ".join(words[position] for position in rng.permutation(len(words)))
