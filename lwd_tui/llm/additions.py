"""What joins the Internet besides the answers: fresh human posts, and noise."""

from __future__ import annotations

from collections.abc import Iterator

from lwd_tui.experiment.llm import Experiment, SeedPost
from lwd_tui.seeds import generator

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


def fresh_posts(experiment: Experiment, t: int) -> list[SeedPost]:
    """Return the human posts that step t adds from the reserve; each is used once."""
    order = generator(experiment.seed, "fresh").permutation(len(experiment.reserve))
    chosen = order[t * experiment.fresh : (t + 1) * experiment.fresh].tolist()
    return [experiment.reserve[position] for position in chosen]


def noise_posts(experiment: Experiment, t: int) -> Iterator[str]:
    """Yield the texts of the noise that step t adds."""
    rng = generator(experiment.seed, "noise", t)
    for _ in range(experiment.noise):
        if experiment.noise_kind == "off-topic":
            yield OFF_TOPIC[rng.integers(len(OFF_TOPIC))]
        else:
            words = experiment.posts[rng.integers(len(experiment.posts))].text.split()
            yield " ".join(words[position] for position in rng.permutation(len(words)))
