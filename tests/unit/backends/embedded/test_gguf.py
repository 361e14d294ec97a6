"""GGUF files, against the ggml project's own Python package and the safetensors library."""

from contextlib import suppress
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from lwd_tui.backends.embedded.gguf import read_metadata, write_gguf
from lwd_tui.backends.embedded.gguf_convert import convert_minilm, pieces_of
from lwd_tui.experiment.backend import WeightsError

METADATA = {
    "general.architecture": "bert",
    "bert.context_length": 512,
    "bert.attention.causal": False,
    "bert.attention.layer_norm_epsilon": 0.5,
    "tokenizer.ggml.tokens": ["[PAD]", "▁a", "é🙂"],
    "tokenizer.ggml.token_type": [3, 1, -1],
}


def test_what_is_written_is_what_the_gguf_package_reads(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    whole = np.arange(6, dtype=np.float32).reshape(2, 3)
    half = np.arange(35, dtype=np.float16).reshape(5, 7)
    write_gguf(path, METADATA, {"whole": whole, "half": half, "row": whole[1]})
    reader = gguf.GGUFReader(path)
    assert {key: reader.fields[key].contents() for key in METADATA} == METADATA
    assert [tensor.name for tensor in reader.tensors] == ["whole", "half", "row"]
    for tensor, wanted in zip(reader.tensors, (whole, half, whole[1]), strict=True):
        np.testing.assert_array_equal(tensor.data, wanted)
        assert tensor.data.dtype == wanted.dtype


def test_what_the_gguf_package_writes_is_what_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_uint8("u8", 200)
    writer.add_int8("i8", -100)
    writer.add_uint16("u16", 60_000)
    writer.add_int64("i64", -(2**60))
    writer.add_float64("f64", 0.1)
    writer.add_bool("yes", True)
    writer.add_array("numbers", [1.5, -2.5])
    writer.add_array("texts", ["one", "", "three"])
    writer.add_tensor("t", np.zeros((2, 2), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = read_metadata(path)
    numbers = found.pop("numbers")
    assert list(numbers) == [1.5, -2.5]
    assert found == {
        "general.architecture": "llama",
        "u8": 200,
        "i8": -100,
        "u16": 60_000,
        "i64": -(2**60),
        "f64": 0.1,
        "yes": True,
        "texts": ["one", "", "three"],
    }


def test_a_file_cut_anywhere_in_its_head_is_one_clear_error(tmp_path: Path) -> None:
    whole, cut = tmp_path / "whole.gguf", tmp_path / "cut.gguf"
    write_gguf(whole, METADATA, {})
    data = whole.read_bytes()
    head = len(data.rstrip(b"\0"))
    for length in range(1, head):
        cut.write_bytes(data[:length])
        with pytest.raises(WeightsError, match="no GGUF file, or it is damaged"):
            read_metadata(cut)


@settings(max_examples=200, deadline=None)
@given(junk=st.binary(min_size=1, max_size=200))
def test_junk_is_one_clear_error(junk: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("junk") / "a.gguf"
    # One pair at least, so that the junk is read.
    path.write_bytes(b"GGUF\3\0\0\0" + bytes(8) + b"\1" + bytes(7) + junk)
    with suppress(WeightsError):
        assert len(read_metadata(path)) == 1


@pytest.mark.parametrize("content", [b"", b"PK\3\4 not GGUF at all"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.gguf"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"other\.gguf is no GGUF file"):
        read_metadata(path)


def test_minilm_is_converted_under_the_names_of_llama_cpp(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    published = {
        "embeddings.word_embeddings.weight": (5, 4),
        "embeddings.position_embeddings.weight": (6, 4),
        "embeddings.LayerNorm.bias": (4,),
        "encoder.layer.0.attention.self.query.weight": (4, 4),
        "encoder.layer.0.attention.output.LayerNorm.weight": (4,),
        "encoder.layer.0.intermediate.dense.weight": (8, 4),
        "encoder.layer.0.output.dense.bias": (4,),
        "pooler.dense.weight": (4, 4),
    }
    arrays = {name: rng.normal(size=shape).astype("f4") for name, shape in published.items()}
    positions = {"embeddings.position_ids": np.arange(6)}
    save_file(arrays | positions, tmp_path / "model.safetensors")
    pieces = ["[PAD]", "[UNK]", "walk", "##ing", "[unused7]"]
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(pieces) + "\n", encoding="utf-8")
    target = tmp_path / "model.gguf"
    convert_minilm(tmp_path / "model.safetensors", vocabulary, target)

    reader = gguf.GGUFReader(target)
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, 1)
    wanted = {
        names.get_name(name, try_suffixes=(".weight", ".bias")): array
        for name, array in arrays.items()
        if not name.startswith("pooler")
    }
    assert {tensor.name for tensor in reader.tensors} == set(wanted)
    for tensor in reader.tensors:
        np.testing.assert_allclose(tensor.data, wanted[tensor.name], rtol=1e-3)
    tokens = read_metadata(target)["tokenizer.ggml.tokens"]
    assert tokens == ["[PAD]", "[UNK]", "▁walk", "ing", "[unused7]"]
    assert read_metadata(target)["tokenizer.ggml.token_type"].tolist() == [3, 2, 1, 1, 1]
    assert pieces_of(tokens) == pieces
