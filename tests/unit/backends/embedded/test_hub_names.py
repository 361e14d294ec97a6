"""What people call a file of the Hub, and which file that is; the names of files are real ones."""

import pytest

from lwd_tui.backends.embedded.hub_names import HubName, is_on_hub, pick, read_hub_name
from lwd_tui.experiment.backend import ModelMissing

# As bartowski, Qwen and unsloth name theirs.
FILES = [
    "README.md",
    "SmolLM2-360M-Instruct-Q4_K_M.gguf",
    "SmolLM2-360M-Instruct-Q4_K_S.gguf",
    "SmolLM2-360M-Instruct-IQ4_XS.gguf",
    "SmolLM2-360M-Instruct-UD-Q4_K_XL.gguf",
    "SmolLM2-360M-Instruct-f16.gguf",
    "SmolLM2-360M-Instruct.imatrix.gguf",
    "mmproj-model-f16.gguf",
    "BF16/SmolLM2-360M-Instruct-BF16-00001-of-00002.gguf",
    "BF16/SmolLM2-360M-Instruct-BF16-00002-of-00002.gguf",
]


@pytest.mark.parametrize(
    ("model", "repo", "tag"),
    [
        (
            "hf.co/Qwen/Qwen2.5-0.5B-Instruct-GGUF:Q4_K_M",
            "Qwen/Qwen2.5-0.5B-Instruct-GGUF",
            "Q4_K_M",
        ),
        ("huggingface.co/a/b:q8_0", "a/b", "q8_0"),
        ("https://huggingface.co/a/b", "a/b", ""),
        ("HF.co/a/b", "a/b", ""),
        ("hf.co/a/b:b-q4.gguf", "a/b", "b-q4.gguf"),
        ("a/b:Q4_K_M", "a/b", "Q4_K_M"),
    ],
)
def test_names_of_the_hub_are_read(model: str, repo: str, tag: str) -> None:
    assert read_hub_name(model) == HubName(repo, tag)
    assert is_on_hub(model) is (model != "a/b:Q4_K_M")


@pytest.mark.parametrize(
    "model", ["a/b", "a/b/c:d", "./b:Q4", "~/b:Q4", "a:Q4", "/a/b", "C:\\a\\b"]
)
def test_what_may_be_a_path_or_another_s_name_is_none(model: str) -> None:
    assert read_hub_name(model) is None
    assert not is_on_hub(model)


@pytest.mark.parametrize(
    "model", ["hf.co/a", "hf.co/a/b/c:Q4", "hf.co/../b", "hf.co/a/b:", "hf.co/"]
)
def test_a_name_that_can_only_be_the_hub_s_is_told_how_to_be_written(model: str) -> None:
    with pytest.raises(ModelMissing, match=r"write hf\.co/USER/REPO:QUANT"):
        read_hub_name(model)


@pytest.mark.parametrize(
    ("tag", "file"),
    [
        ("Q4_K_M", "SmolLM2-360M-Instruct-Q4_K_M.gguf"),
        ("q4_k_s", "SmolLM2-360M-Instruct-Q4_K_S.gguf"),
        ("iq4_xs", "SmolLM2-360M-Instruct-IQ4_XS.gguf"),
        ("UD-Q4_K_XL", "SmolLM2-360M-Instruct-UD-Q4_K_XL.gguf"),
        ("F16", "SmolLM2-360M-Instruct-f16.gguf"),
        ("SmolLM2-360M-Instruct-f16.gguf", "SmolLM2-360M-Instruct-f16.gguf"),
    ],
)
def test_a_quantisation_or_a_file_s_name_means_one_file(tag: str, file: str) -> None:
    assert pick(HubName("a/b", tag), FILES) == file


def test_without_a_quantisation_the_only_file_is_meant() -> None:
    one = ["x.Q8_0.gguf", "mmproj-x-Q8_0.gguf", "config.json"]
    assert pick(HubName("a/b", ""), one) == "x.Q8_0.gguf"


@pytest.mark.parametrize(
    ("tag", "wrong"), [("", "has several models"), ("Q5_K_M", "has no Q5_K_M")]
)
def test_what_is_not_meant_lists_what_there_is(tag: str, wrong: str) -> None:
    with pytest.raises(ModelMissing) as raised:
        pick(HubName("a/b", tag), FILES)
    assert str(raised.value) == (
        f"hf.co/a/b {wrong}; write hf.co/a/b:QUANT with one of "
        "BF16 (split), IQ4_XS, Q4_K_M, Q4_K_S, UD-Q4_K_XL, F16"
    )


def test_files_of_one_quantisation_are_listed_by_name() -> None:
    with pytest.raises(ModelMissing, match=r"with one of one-Q8_0.gguf, two-Q8_0.gguf$"):
        pick(HubName("a/b", "Q8_0"), ["one-Q8_0.gguf", "two-Q8_0.gguf"])


def test_a_model_in_several_files_is_refused_by_name() -> None:
    with pytest.raises(
        ModelMissing, match=r"BF16-00001-of-00002.gguf, which can't be used; .*merge"
    ):
        pick(HubName("a/b", "BF16"), FILES)


def test_a_repository_without_weights_is_told() -> None:
    with pytest.raises(ModelMissing, match="has no GGUF file of a language model"):
        pick(HubName("a/b", "Q4_0"), ["model.safetensors", "mmproj-x.gguf"])
    with pytest.raises(ModelMissing) as raised:
        pick(HubName("a/b", "Q4_0"), ["x\x1b[2J-Q8_0.gguf", "y-Q8_0.gguf"])
    assert "\x1b" not in str(raised.value)
