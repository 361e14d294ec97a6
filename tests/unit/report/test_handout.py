"""Handouts of the demonstrations."""

import re

import pytest
from support.pages import parsed

from lwd_tui.lessons.lesson import lesson_called
from lwd_tui.report.handout import write_handout
from lwd_tui.report.write import ReportError
from lwd_tui.store.errors import RunExists


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))


@pytest.mark.parametrize(("name", "figures"), [("collapse", 2), ("mixtures", 2)])
def test_a_page_has_every_stop_with_its_question_and_two_figures(tmp_path, name, figures):
    lesson, out = lesson_called(name), tmp_path / "a.html"
    write_handout(name, lesson, out)
    page = parsed(out.read_text(encoding="utf-8"))
    assert len(page.all("svg")) == figures
    words = " ".join(page.text.split())
    for stop in lesson.stops:
        assert stop.say in words
        assert stop.ask in words
    assert lesson.title in words
    assert not page.all("script")


def test_a_pdf_is_one_page(tmp_path):
    out = tmp_path / "a.pdf"
    write_handout("fresh", lesson_called("fresh"), out)
    data = out.read_bytes()
    assert data.startswith(b"%PDF")
    assert re.search(rb"/Count 1\b", data)
    with pytest.raises(RunExists):
        write_handout("fresh", lesson_called("fresh"), out)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ReportError, match=r"a\.doc: a handout is a page"):
        write_handout("fresh", lesson_called("fresh"), tmp_path / "a.doc")
    assert not (tmp_path / "a.doc").exists()
