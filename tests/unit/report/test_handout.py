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


@pytest.mark.parametrize("name", ["fresh", "laptop"])
def test_a_pdf_is_one_page_to_be_printed(tmp_path, name):
    out = tmp_path / "a.pdf"
    write_handout(name, lesson_called(name), out)
    data = out.read_bytes()
    assert data.startswith(b"%PDF")
    assert re.search(rb"/Count 1\b", data)
    # The shape of A4, so that a printer which fits it to the sheet cuts nothing off.
    *origin, width, height = map(float, re.search(rb"/MediaBox \[ ?([^]]+)\]", data)[1].split())
    assert origin == [0, 0]
    assert height / width == pytest.approx(297 / 210, abs=0.005)
    assert 72 * 210 / 25.4 - 2 < width < 72 * 8.8
    with pytest.raises(RunExists):
        write_handout(name, lesson_called(name), out)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ReportError, match=r"a\.doc: a handout is a page"):
        write_handout("fresh", lesson_called("fresh"), tmp_path / "a.doc")
    assert not (tmp_path / "a.doc").exists()
