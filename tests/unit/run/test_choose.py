"""Who takes part: names that never collide, and settings that reach those who were chosen."""

import pytest

from lwd_tui.experiment.files import load_preset
from lwd_tui.experiment.llm import InvalidExperiment
from lwd_tui.experiment.participants import Wishes, participants_of
from lwd_tui.run.choose import choose_cast


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (["llama3.2:3b", "hf.co/a/Qwen:Q4"], ["llama3.2:3b", "Qwen:Q4"]),
        (["hf.co/a/M", "hf.co/b/M"], ["hf.co/a/M", "hf.co/b/M"]),
        (["m", "m", "m"], ["m", "m #2", "m #3"]),
        (["hf.co/a/M", "hf.co/b/M", "hf.co/a/M"], ["hf.co/a/M", "hf.co/b/M", "hf.co/a/M #2"]),
        (["a" * 70 + "/M", "b" + "a" * 69 + "/M"], ["a" * 48 + "/M", "a" * 48 + "/M #2"]),
    ],
)
def test_participants_that_are_named_by_the_machine_never_collide(models, names):
    assert [who.name for who in participants_of("ollama", models)] == names


async def test_settings_of_participants_apply_after_the_cast_is_chosen():
    wishes = Wishes("scripted", settings=(("participants.1.sampling.temperature", 0.2),))
    chosen = await choose_cast(load_preset("bitcoin"), wishes, lambda _: None)
    assert [who.sampling.temperature for who in chosen.cast] == [0.8, 0.2, 0.8]
    wishes = Wishes("ollama", ("a", "b"), settings=(("participants.1.system", "Be brief."),))
    chosen = await choose_cast(load_preset("bitcoin"), wishes, lambda _: None)
    assert [who.system for who in chosen.cast] == ["", "Be brief."]


async def test_a_setting_of_nobody_is_told():
    wishes = Wishes("scripted", settings=(("participants.7.system", "x"),))
    with pytest.raises(InvalidExperiment, match=r"there is no field 'participants.7.system'"):
        await choose_cast(load_preset("bitcoin"), wishes, lambda _: None)
