import contextlib
import csv
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lwd_tui.experiment.files import (
    changed,
    read_experiment,
    read_posts,
    read_text,
    user_path,
)
from lwd_tui.experiment.llm import InvalidExperiment, SeedPost

GIVEN = Path(__file__).parents[2] / "data" / "posts"


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


def test_a_long_toml_file_is_read_as_a_short_one_is(file):
    tables = [f'[[posts]]\ntext = "Number {number}."\n' for number in range(6000)]
    # What looks like the head of a table, where a piece would begin, but is part of a text.
    tables[1365] = '[[posts]]\ntext = """Long.\n[[posts]]\n[[posts]]\ntext = no"""\n'
    assert texts(file("p.toml", "\n".join(tables))) == [
        *(f"Number {number}." for number in range(1365)),
        "Long.\n[[posts]]\n[[posts]]\ntext = no",
        *(f"Number {number}." for number in range(1366, 6000)),
    ]
    for odd, told in (
        ("text =", "not valid TOML: Invalid value (at line 18005,"),
        ("", "post 6001: text"),
        ('txt = "No."', "post 6001: there is no field txt"),
    ):
        with pytest.raises(InvalidExperiment, match=re.escape(told)):
            texts(file("q.toml", "\n".join([*tables, f"[[posts]]\n{odd}\n"])))


ENDINGS = [".txt", ".csv", ".tsv", ".json", ".jsonl", ".toml", ".parquet"]
THREE = [
    "Rates stay flat, say the banks; we doubt it.",
    "Prices will climb again.",
    "Café owners don't care about coins.",
]


@pytest.mark.parametrize("name", ["array.json", "semicolon.csv", "tab.tsv"])
def test_given_files_hold_three_posts(name):
    assert texts(GIVEN / name) == THREE


def test_a_given_file_with_another_column_names_those_it_has():
    assert "there are id, title, selftext, score, edited, author." in told(GIVEN / "reddit.jsonl")
    posts = read_posts(GIVEN / "reddit.jsonl", " SelfText")
    assert [post.text for post in posts] == THREE
    assert [post.author for post in posts] == ["", "", ""]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", "sep=|\r\n Text |label\r\nOne.|1\r\n"),
        ("p.csv", "LABEL\tText\n1\tOne.\n"),
        ("p.csv", 'text;label;more\n"One.";1;x\n;2;y\n'),
        ("p.tsv", "text\tlabel\nOne.\t1\n"),
        ("p.ndjson", '{"Text": "One.", "label": 1, "deep": {"a": [1]}}\n{"label": 2}\nnull\n'),
        ("p.json", '{"meta": 1, "posts": [{"text": "One.", "label": 1.0}]}'),
        ("p.json", '{"rows": [{"text": "One.", "label": "1"}, {"text": null}]}'),
    ],
)
def test_files_as_people_have_them(file, name, content):
    assert read_posts(file(name, content)) == (SeedPost(text="One.", label="1"),)


def test_blank_rows_are_counted_and_told(file):
    said = []
    path = file("p.csv", "author,text\nada,One.\nben,\ncleo, \n")
    assert len(read_posts(path, notice=said.append)) == 1
    assert said == [f"{path}: 2 blank rows were passed over"]


def test_parquet(tmp_path):
    rows = pa.table({"Body": ["One.", None, "Two."], "label": [1, 2, None], "n": [1, 2, 3]})
    pq.write_table(rows, tmp_path / "p.parquet")
    assert read_posts(tmp_path / "p.parquet", "body") == (
        SeedPost(text="One.", label="1"),
        SeedPost(text="Two."),
    )


def test_the_column_can_be_named_beside_the_file(tmp_path):
    (tmp_path / "p.jsonl").write_text('{"body": "One."}\n')
    preset = tmp_path / "my.toml"
    head = 'name = "x"\nquery = "q"\nparticipants = "auto"\n'
    preset.write_text(head + 'posts_file = "p.jsonl"\nposts_column = "body"\n')
    made = read_experiment(preset)
    assert [post.text for post in made.posts] == ["One."]
    put = {"posts_file": str(tmp_path / "p.jsonl"), "posts_column": "BODY"}
    assert changed(made, put).posts == made.posts
    with pytest.raises(InvalidExperiment, match=r"posts_column = 5: must be the name of a column"):
        changed(made, put | {"posts_column": 5})


def test_a_file_of_names_alone_holds_no_posts_and_no_blank_rows(file):
    assert told(file("p.csv", "text\n")) == ": holds no posts"
    assert told(file("p.csv", "sep=;\ntext;n\n")) == ": holds no posts"
    assert "there are body." in told(file("p.csv", "body\n\n"))


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", ["Привет\nмир\n", "text\nЦены\n", "比特币\n很好\n"])
def test_utf_16_without_a_mark_is_never_read_as_posts(file, encoding, text):
    sentence = told(file("p.txt", text.encode(encoding)))
    assert "UTF-16" in sentence
    assert sentence.endswith("save it as UTF-8 and try again")


@pytest.mark.parametrize(
    ("written", "label"),
    [
        ("3", "3"),
        ("-2.0", "-2"),
        ("1234567.0", "1234567"),
        ("0.1234567891", "0.1234567891"),
        ("1e300", "1e+300"),
        ("NaN", ""),
        ("null", ""),
        ("true", "true"),
    ],
)
def test_a_number_as_a_label_keeps_its_digits(file, written, label):
    path = file("p.json", f'[{{"text": "One.", "label": {written}}}]')
    assert [post.label for post in read_posts(path)] == [label]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.csv", 'text;"likes, shares, all"\nOne.;3\n'),
        ("p.csv", "text;author\rOne.;a, b, c\r"),
        ("p.csv", '"sep=|"\ntext|n\nOne.|1\n'),
        ("p.csv", b"\xef\xbb\xbf\xef\xbb\xbftext\nOne.\n"),
        ("p.csv", ",,text\n0,1,One.\n"),
        ("p.csv", "\n\r\ntext;n\nOne.;1\n"),
        ("p.csv", b"\xef\xbb\xbf\nsep=|\ntext|n\nOne.|1\n"),
        ("p.tsv", "\ntext\tn\nOne.\t1\n"),
        ("p.json", '{"text": "One."}\n\n{"text": null}\n'),
        ("p.jsonl", '[{"text": "One."},\n {"text": null}]\n'),
        ("p.json", '[{"text": "One.", "author": {"name": "ann"}, "label": ["a", "b"]}]'),
    ],
)
def test_tables_as_other_programs_write_them(file, name, content):
    assert texts(file(name, content)) == ["One."]


def test_a_line_break_in_quotes_stays_as_it_is(file):
    path = file("p.csv", 'text,n\r\n"One\r\ntwo",1\r\n"Three",2,3\r\n')
    assert ", line 4: has more cells than line 1" in told(path)
    path.write_bytes(b'text,n\r\n"One\r\ntwo",1\r\n')
    assert texts(path) == ["One\r\ntwo"]


def test_many_columns_take_no_longer_than_reading_them(file):
    names = ",".join(f"c{number}" for number in range(200_000))
    begun = time.process_time()
    assert texts(file("p.csv", f"{names},text\n{',' * 200_000}One.\n")) == ["One."]
    assert "c11 and 199988 more. Name the one" in told(file("q.csv", names + "\n1\n"))
    # Comparing each with each other took minutes.
    assert time.process_time() - begun < 30


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ({"text": pa.array([], pa.string())}, ": holds no posts"),
        ({"body": pa.array([], pa.string())}, ": no column is called 'text'; there are body."),
        ({"text": ["One."], "Text ": ["Two."]}, ": two columns are called 'text'"),
        ({"text": ["One."], "n": [1], "N": [2]}, ": two columns are called 'n'"),
        (
            {"text": pa.Array.from_buffers(pa.string(), 1, pa.array([b"\xff"]).buffers())},
            ": can't be read as Parquet: ",
        ),
    ],
)
def test_what_is_wrong_with_parquet_is_said(tmp_path, table, sentence):
    pq.write_table(pa.table(table), tmp_path / "p.parquet")
    assert sentence in told(tmp_path / "p.parquet")


def test_parquet_is_read_by_the_columns_that_are_needed(tmp_path):
    beyond_python = pa.array([2**62], pa.timestamp("us"))
    pq.write_table(pa.table({"text": ["One."], "when": beyond_python}), tmp_path / "p.parquet")
    assert texts(tmp_path / "p.parquet") == ["One."]
    assert told(tmp_path / "none.parquet") == ": there is no such file"


def test_parquet_without_its_library_names_the_extra(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    pq.write_table(pa.table({"text": ["One."]}), tmp_path / "p.parquet")
    assert "pip install 'lwd-tui[parquet]'" in told(tmp_path / "p.parquet")


def test_two_labels_of_one_row_are_refused(file):
    path = file("p.jsonl", '{"text": "One.", "label": "1", "Label": "2"}\n')
    assert told(path) == ", line 1: two columns are called 'label'"


@pytest.mark.parametrize("name", ["p.txt", "p.md", "p.toml"])
def test_a_column_is_not_named_where_there_are_none(file, name):
    path = file(name, 'posts = ["One."]')
    with pytest.raises(InvalidExperiment, match=r"has no columns, so posts_column = 'body'"):
        read_posts(path, "body")


def test_a_column_without_a_file_says_what_is_missing(tmp_path):
    preset = tmp_path / "my.toml"
    head = 'name = "x"\nquery = "q"\nparticipants = "auto"\nposts = [{text = "One."}]\n'
    preset.write_text(head)
    made = read_experiment(preset)
    with pytest.raises(InvalidExperiment, match="without a posts_file"):
        changed(made, {"posts_column": "body"})
    preset.write_text(head + 'posts_column = "body"\n')
    with pytest.raises(InvalidExperiment, match="without a posts_file"):
        read_experiment(preset)


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.just([1, {"a": 2}])


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), min_size=1))
def test_what_the_json_module_writes_is_read_or_refused(tmp_path_factory, rows):
    rows = [
        {key: value for key, value in row.items() if key.lower() != "body"}
        | {"body": f"Post {number}."}
        for number, row in enumerate(rows)
    ]
    folder = tmp_path_factory.mktemp("posts")
    (folder / "p.json").write_text(json.dumps(rows))
    (folder / "p.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("p.json", "p.ndjson"):
        read = read_posts(folder / name, "Body")
        assert [post.text for post in read] == [row["body"] for row in rows]


CELLS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(
    lambda text: text.strip() and text == text.strip()
)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_what_the_csv_module_writes_is_read(tmp_path_factory, rows, delimiter, quoting, ending):
    path = tmp_path_factory.mktemp("posts") / "p.csv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=ending)
        writer.writerows([("text", "label"), *rows])
    assert [(post.text, post.label) for post in read_posts(path)] == rows


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip)


@settings(max_examples=30, deadline=None)
@given(posts=st.lists(st.builds(SeedPost, text=words, author=words, label=words), min_size=1))
def test_json_lines_hold_any_text(tmp_path_factory, posts):
    path = tmp_path_factory.mktemp("posts") / "p.jsonl"
    path.write_text("".join(post.model_dump_json() + "\n" for post in posts), encoding="utf-8")
    assert read_posts(path) == tuple(posts)


@settings(max_examples=50, deadline=None)
@given(content=st.binary(max_size=60), ending=st.sampled_from(ENDINGS))
def test_any_bytes_give_posts_or_a_sentence(tmp_path_factory, content, ending):
    path = tmp_path_factory.mktemp("posts") / f"p{ending}"
    path.write_bytes(content)
    with contextlib.suppress(InvalidExperiment):
        assert all(post.text.strip() for post in read_posts(path))


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("p.txt", b"One.\nTw\xff.\n", ": not UTF-8 at byte 7; save it as UTF-8 and try again"),
        ("p.txt", "One.".encode("utf-16"), ": it is UTF-16; save it as UTF-8 and try again"),
        ("p.txt", "One.".encode("utf-16-be"), ": it is UTF-16; save it as UTF-8"),
        ("p.txt", "", ": holds no posts"),
        ("p.txt", " \n\n", ": holds no posts"),
        ("p.csv", "", ", line 1: must name the columns"),
        (
            "p.csv",
            "post;author\nOne.;ada\n",
            ": no column is called 'text'; there are post, ",
        ),
        ("p.csv", "text,Text \nOne.,Two.\n", ", line 1: two columns are called 'text'"),
        (
            "p.json",
            '[{"text": "One.", "text": "Two."}]',
            ": not JSON: the key 'text' stands twice in one object",
        ),
        (
            "p.jsonl",
            '{"text": "One."}\n{"text": "One.", "a": 1, "a": 2}',
            ", line 2: not JSON: the key 'a' stands twice in one object",
        ),
        ("p.csv", "author,text\nada,\nben, \n", ": holds no posts but 2 blank rows"),
        ("p.csv", "text\nHello, world.\n", ", line 2: has more cells than line 1 has columns"),
        ("p.csv", 'text\n"One."x\n', ", line 2: not CSV: "),
        ("p.csv", 'text\n"One.', "not CSV: unexpected end of data"),
        ("p.jsonl", '"One."\n{"text": "Two."\n', ", line 2: not JSON: Expecting ',' delimiter"),
        (
            "p.jsonl",
            '{"txt": "One."}\n',
            ": no column is called 'text'; there are txt. Name the one that holds the posts: "
            "posts_column = NAME beside posts_file, or --set posts_column=NAME",
        ),
        (
            "p.jsonl",
            '{"id": 1}\n{"body": "x"}\n',
            "is called 'text'; there are id, body",
        ),
        ("p.jsonl", '{"text": ["One."]}\n', ", line 1: text = ['One.']: must be text"),
        ("p.jsonl", '{"text": 5}\n', ", line 1: text = 5: must be text"),
        ("p.jsonl", '{"text": true}\n', ", line 1: text: must not be true or false"),
        ("p.jsonl", "5\n", ", line 1: 5: must be a text or an object"),
        ("p.jsonl", "null\n", ": holds no posts but 1 blank row"),
        ("p.json", '{"a": 1}', ": must hold a list of posts, or an object with a list"),
        ("p.json", '{"a": [], "b": []}', ": must hold a list of posts, or an object with a list"),
        ("p.json", "7", ": must hold a list of posts"),
        ("p.json", "[", ": not JSON: "),
        ("p.json", '["One.", 5]', ", post 2: 5: must be a text or an object"),
        ("p.xlsx", b"PK\x03\x04", ": a spreadsheet can't be read; save it as CSV in UTF-8"),
        ("p.csv.gz", b"\x1f\x8b", ": a packed file can't be read; unpack it first"),
        ("p.docx", b"PK", ": .docx is no ending of a file of posts; those are .txt, .md, .csv"),
        ("p.parquet", b"PAR?", ": can't be read as Parquet: "),
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


def test_a_cell_may_be_as_long_as_a_book(file):
    text = "word " * 40_000
    path = file("p.csv", f"text,label\n{text},long\n")
    (post,) = read_posts(path)
    assert (post.text, post.label) == (text, "long")


def test_files_that_cannot_be_read_are_named(tmp_path):
    assert told(tmp_path / "missing.txt") == ": there is no such file"
    assert told(tmp_path) == ": can't be read: Is a directory"
    assert told(tmp_path / f"{'a' * 300}.txt") == ": can't be read: File name too long"
    with pytest.raises(InvalidExperiment, match="can't be the name of a file"):
        read_text(tmp_path / "nul\0")


def test_a_home_folder_is_filled_in_where_there_is_one(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert user_path("~/posts.txt") == tmp_path / "posts.txt"
    assert str(user_path("~nobody-of-this-name/x")) == "~nobody-of-this-name/x"


MORE = "a\tann\nb\tben\n"


@pytest.mark.parametrize(
    ("content", "read"),
    [
        # Marks that open or end what is said, in a file that quotes nothing.
        (f'text\tauthor\n"hello\tann\n{MORE}', ['"hello', "a", "b"]),
        (
            f'text\tauthor\n"hello\tann\n{MORE}he said "bye"\tben\n',
            ['"hello', "a", "b", 'he said "bye"'],
        ),
        (f'text\tauthor\n"hello\tann\n{MORE}it ends"\tben\n', ['"hello', "a", "b", 'it ends"']),
        (f'text\tauthor\n"Prices," she said\tann\n{MORE}', ['"Prices," she said', "a", "b"]),
        ('author\ttext\nann\t"hello\nben\tb\n', ['"hello', "b"]),
        ('author\ttext\r\nann\t"\r\nben\tb\r\n', ['"', "b"]),
        ('text\tauthor\n"whole"\tann\n"half\tben\n', ['"whole"', '"half']),
        ('text\n"hello\nb\n', ['"hello', "b"]),
        # A cell that is missing elsewhere, or after it, says nothing of quotes.
        ('text\tauthor\tlabel\n"hello\tann\nb\tben\t1\nc\n', ['"hello', "b", "c"]),
        ('author\tlabel\ttext\nann\t1\t"hello\nben\t2\tb\ncleo\n', ['"hello', "b"]),
        # Quotes of a program that writes them where they are needed.
        ('text\tauthor\n"one\nand two"\tann\nb\tben\n', ["one\nand two", "b"]),
        ('author\ttext\nann\t"one\n\nand two"\nben\tb\n', ["one\n\nand two", "b"]),
        ('text\tauthor\n"a\tb"\tann\n"say ""hi"""\tben\n', ["a\tb", 'say "hi"']),
        ('"text"\t"author"\n"a"\t"ann"\n', ["a"]),
        ('text\tauthor\nsay "hi"\tann\n"b"\tben\n', ['say "hi"', "b"]),
        ('text\n"one\nand two"\nb\n', ["one\nand two", "b"]),
    ],
)
@pytest.mark.parametrize("name", ["p.tsv", "p.tab", "p.csv"])
def test_a_mark_at_the_head_of_a_cell_between_tabs_is_a_quote_where_the_file_says_so(
    file, name, content, read
):
    if name == "p.csv":
        content = "sep=\t\n" + content
    assert texts(file(name, content)) == read


def test_a_file_that_neither_closes_its_quotes_nor_does_without_is_refused(file):
    content = 'text\tauthor\na\tann\n"one\nand two"\tben\n"three\nand four\tcleo\n'
    assert ", line 5: not CSV: unexpected end of data: a quote that opens" in told(
        file("p.tsv", content)
    )


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_what_the_csv_module_writes_with_tabs_is_read(tmp_path_factory, rows, quoting):
    path = tmp_path_factory.mktemp("posts") / "p.tsv"
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out, delimiter="\t", quoting=quoting)
        writer.writerows([("text", "label"), *rows])
    assert [(post.text, post.label) for post in read_posts(path)] == rows


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(CELLS, st.from_regex(r"[a-z]+", fullmatch=True)), min_size=1, max_size=6
    ),
    halves=st.sampled_from(['"', '"half ', "“"]),
)
def test_no_row_of_a_file_without_quotes_swallows_others(tmp_path_factory, rows, halves):
    rows = [("".join(text.split("\t")), label) for text, label in rows] + [(halves + "x", "y")]
    path = tmp_path_factory.mktemp("posts") / "p.tsv"
    lines = [f"{text}\t{label}\n" for text, label in [("text", "label"), *rows]]
    path.write_bytes("".join(lines).encode())
    assert len(read_posts(path)) == len(rows)


READ = r"""
import re, sys
from pathlib import Path
from lwd_tui.experiment.files import read_experiment, read_posts
path = Path(sys.argv[1])
posts = read_experiment(path).posts if path.suffix == ".toml" else read_posts(path)
# What getrusage tells holds for the process that this one was made of, too.
most = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())
print(len(posts), int(most[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak")
@pytest.mark.parametrize("ending", [".tsv", ".json", ".toml"])
def test_a_hundred_thousand_posts_are_read_below_200_mb(tmp_path, ending):
    # One emoji makes each letter of a text take four bytes, however plain they are.
    posts = [f"Post number {number} of many. " + "So it goes on. " * 9 for number in range(100_000)]
    posts[50_000] += "\U0001f680"
    path = tmp_path / f"p{ending}"
    if ending == ".json":
        path.write_text(json.dumps([{"text": post} for post in posts], ensure_ascii=False))
    else:
        sign = "\t" if ending == ".tsv" else ","
        lines = [f"text{sign}label", *(f"{post}{sign}1" for post in posts)]
        path.with_suffix(".csv" if ending == ".toml" else ending).write_text("\n".join(lines))
    if ending == ".toml":
        head = 'name = "many"\nquery = "What next?"\nparticipants = "auto"\n'
        path.write_text(head + 'posts_file = "p.csv"\n')
    done = subprocess.run(
        [sys.executable, "-c", READ, str(path)], capture_output=True, text=True, check=True
    )
    count, megabytes = map(int, done.stdout.split())
    assert count == 100_000
    assert megabytes < 200
