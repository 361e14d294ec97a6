"""Posts and presets that nobody wrote on purpose: kept as they are, or refused in a sentence."""

import csv
import json
from contextlib import suppress

import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st
from support.hostile import HOSTILE

from lwd_tui.errors import LwdError
from lwd_tui.experiment.files import load_gmm_preset, load_preset, read_posts
from lwd_tui.experiment.gmm import GmmSpec

WRITERS = {
    ".csv": lambda file, texts: csv.writer(file).writerows(zip(["text", *texts])),
    ".json": lambda file, texts: json.dump(texts, file),
    ".jsonl": lambda file, texts: file.writelines(json.dumps(text) + "\n" for text in texts),
    ".toml": lambda file, texts: file.write(tomli_w.dumps({"posts": texts})),
}
KEPT = list(HOSTILE.values())


@pytest.mark.parametrize("ending", WRITERS)
def test_text_of_a_file_is_kept_to_the_letter(tmp_path, ending):
    path = tmp_path / f"posts{ending}"
    # A NUL is in no text file, but JSON and TOML have a way to write it.
    texts = [text.replace("\0", "") if ending == ".csv" else text for text in KEPT]
    with path.open("w", encoding="utf-8", newline="") as file:
        WRITERS[ending](file, texts)
    assert [post.text for post in read_posts(path)] == texts


@pytest.mark.parametrize("ending", [*WRITERS, ".txt", ".tsv", ".parquet"])
def test_half_a_character_and_other_bytes_are_told(tmp_path, ending):
    path = tmp_path / f"posts{ending}"
    path.write_bytes(b'"text"\n"\xed\xa0\xbd \xff\xfe"\n')
    with pytest.raises(LwdError, match=r"UTF-8|Parquet"):
        read_posts(path)


pieces = st.sampled_from(
    [b"[[posts]]\n", b"text = ", b'"""', b"'''", b'"', b"\\u", b"[", b"{", b"\n", b"\r", b",", b"=",
     b"\t", b"\x1b]52;", b"\xff", b"\xed\xa0\x80", b"1e999", b"9" * 5000, b"[" * 3000, b"name",
     b"]", b"null", b"NaN", b"query = 1\n", b"participants = 'auto'\n", b"\xef\xbb\xbf"]
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(st.lists(pieces | st.binary(max_size=4), max_size=12), st.sampled_from([*WRITERS, ".txt"]))
def test_bytes_are_posts_or_a_sentence(tmp_path_factory, parts, ending):
    folder = tmp_path_factory.getbasetemp()
    path = folder / f"any{ending}"
    path.write_bytes(b"".join(parts))
    preset = folder / "any.toml"
    preset.write_bytes(b"".join(parts))
    for read in (lambda: read_posts(path), lambda: load_preset(str(preset))):
        with suppress(LwdError):
            read()


@pytest.mark.parametrize("field", sorted(set(GmmSpec.model_fields) - {"description", "human"}))
def test_a_number_beyond_all_numbers_is_told(tmp_path, field):
    path = tmp_path / "p.toml"
    path.write_text(f'kind = "gmm"\n{field} = 1{"0" * 400}\n')
    with pytest.raises(LwdError, match=r"p\.toml"):
        load_gmm_preset(str(path))
