import pytest


@pytest.fixture(autouse=True)
def still(tmp_path, monkeypatch):
    """A home of its own, no server, no animations, all colours and no wish against them."""
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none")
    # An app lives as long as its process; here hundreds of them come and go.
    monkeypatch.setattr("gc.freeze", lambda: None)
    return tmp_path / "home"
