import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.experiment.files import read_posts, read_text, user_path
from lwd_tui.experiment.llm import InvalidExperiment, SeedPost


@pytest.fixture
def file(tmp_path):
    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def texts(path):
    return [post.text for post in read_posts(path)]


def told(path):
    with pytest.raises(InvalidExperiment) as error:
        read_posts(path)
    assert error.value.exit_code == 2
    sentence = str(error.value)
    assert "\n" not in sentence
    assert sentence.startswith(str(path))
    return sentence.removeprefix(str(path))


def test_plain_text_is_a_post_a_line(file):
    assert texts(file("p.txt", "One.\n\n  Two, with space. \r\nThree.")) == [
        "One.",
        "Two, with space.",
        "Three.",
    ]


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_separators_within_a_text_part_no_posts(file, separator):
    text = f"One{separator}and the same."
    assert texts(file("p.txt", text + "\nTwo.")) == [text, "Two."]
    line = json.dumps({"text": text}, ensure_ascii=False)
    assert texts(file("p.jsonl", line + "\n")) == [json.loads(line)["text"]] == [text]


def test_a_byte_order_mark_belongs_to_no_post(file):
    assert texts(file("p.txt", b"\xef\xbb\xbfOne.")) == ["One."]
    assert texts(file("p.csv", b"\xef\xbb\xbftext\nOne.")) == ["One."]


def test_csv_has_columns_by_name_in_any_order(file):
    path = file("p.CSV", 'label,text,more\nup,"One, ""two""\nlines.",x\n,Three.,\n\n')
    assert read_posts(path) == (
        SeedPost(text='One, "two"\nlines.', label="up"),
        SeedPost(text="Three."),
    )


def test_json_lines_are_objects_or_texts(file):
    path = file("p.jsonl", '{"text": "One.", "author": "ada", "label": "up"}\n\n"Two."\n')
    assert read_posts(path) == (
        SeedPost(text="One.", author="ada", label="up"),
        SeedPost(text="Two."),
    )


def test_toml_has_tables_or_texts(file):
    assert texts(file("p.toml", '[[posts]]\ntext = "One."\n[[posts]]\ntext = "Two."')) == [
        "One.",
        "Two.",
    ]
    assert texts(file("q.toml", 'posts = ["One.", "Two."]')) == ["One.", "Two."]


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@settings(max_examples=30, deadline=None)
@given(posts=st.lists(st.builds(SeedPost, text=words, author=words, label=words), min_size=1))
def test_json_lines_hold_any_text(tmp_path_factory, posts):
    path = tmp_path_factory.mktemp("posts") / "p.jsonl"
    path.write_text("".join(post.model_dump_json() + "\n" for post in posts), encoding="utf-8")
    assert read_posts(path) == tuple(posts)


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=60), ending=st.sampled_from([".txt", ".csv", ".jsonl", ".toml"]))
def test_any_bytes_give_posts_or_a_sentence(tmp_path_factory, content, ending):
    path = tmp_path_factory.mktemp("posts") / f"p{ending}"
    path.write_bytes(content)
    with contextlib.suppress(InvalidExperiment):
        assert all(post.text.strip() for post in read_posts(path))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("p.txt", b"One.\nTw\xff.\n", ": not UTF-8 at byte 7; save it as UTF-8 and try again"),
        ("p.txt", "One.".encode("utf-16"), ": not UTF-8 at byte 0; save it as UTF-8"),
        ("p.txt", "", ": holds no posts"),
        ("p.txt", " \n\n", ": holds no posts"),
        ("p.csv", "text\n", ": holds no posts"),
        ("p.csv", "", ", line 1: must name the columns"),
        ("p.csv", "post;author\nOne.;ada\n", ", line 1: must name the columns, with commas"),
        ("p.csv", "author,text\nada,One.\nben,\n", ", line 3: text = '': must not be blank"),
        ("p.csv", "text\nHello, world.\n", ", line 2: has more cells than line 1 has columns"),
        ("p.csv", 'text\n"One."x\n', ", line 2: not CSV: "),
        ("p.csv", 'text\n"One.', "not CSV: unexpected end of data"),
        ("p.csv", "text\n" + "x" * 200_000, "line 2: not CSV: field larger than field limit"),
        ("p.jsonl", '"One."\n{"text": "Two."\n', ", line 2: not JSON: Expecting ',' delimiter"),
        (
            "p.jsonl",
            '{"txt": "One."}\n',
            ", line 1: there is no field txt; did you mean text? (and 1 more)",
        ),
        ("p.jsonl", '{"text": "One.", "lable": "up"}\n', "no field lable; did you mean label?"),
        ("p.jsonl", '{"text": 5}\n', ", line 1: text = 5: must be text"),
        ("p.jsonl", '{"text": true}\n', ", line 1: text: must not be true or false"),
        ("p.jsonl", "5\n", ", line 1: 5: must be a table"),
        ("p.jsonl", "null\n", ", line 1: None: must be a table"),
        ("p.jsonl", '"\\ud83d"\n', ", line 1: text: must be whole Unicode characters"),
        ("p.jsonl", '{"text": "x", "author": "\\ud83d"}\n', "author: must be whole Unicode"),
        ("p.jsonl", "[" * 100_000, ", line 1: not JSON: "),
        ("p.jsonl", "9" * 5000, ", line 1: not JSON: "),
        ("p.toml", "posts = [", ": not valid TOML: "),
        ("p.toml", "posts = " + "[" * 100_000, ": not valid TOML: "),
        ("p.toml", "posts = " + "9" * 5000, ": not valid TOML: "),
        ("p.toml", 'posts = "One."', ": posts must be a list of texts, or [[posts]] tables"),
        ("p.toml", '[posts]\ntext = "One."', ": posts must be a list of texts"),
        ("p.toml", 'posts = ["One.", ""]', ", post 2: text = '': must not be blank"),
        ("p.toml", "posts = [1]", ", post 1: 1: must be a table"),
        ("p.toml", 'post = ["One."]', ": holds no posts"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_with_its_place(file, name, content, sentence):
    assert sentence in told(file(name, content))


def test_files_that_cannot_be_read_are_named(tmp_path):
    assert told(tmp_path / "missing.txt") == ": there is no such file"
    assert told(tmp_path) == ": can't be read: Is a directory"
    with pytest.raises(InvalidExperiment, match="can't be the name of a file"):
        read_text(tmp_path / "nul\0")


def test_a_home_folder_is_filled_in_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/posts.txt") == tmp_path / "posts.txt"
    assert str(user_path("~nobody-of-this-name/x")) == "~nobody-of-this-name/x"
