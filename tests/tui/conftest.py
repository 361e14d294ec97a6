import pytest
from textual.app import App


@pytest.fixture(autouse=True)
def still(tmp_path, monkeypatch):
    """A home of its own, no server, no animations, all colours and no wish against them."""
    monkeypatch.setenv("LWD_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OLLAMA_HOST", "127.0.0.1:9")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setattr("textual.constants.TEXTUAL_ANIMATIONS", "none")
    # A new user is welcomed with a sentence, which `test_teaching` looks at.
    monkeypatch.setattr("lwd_tui.tui.app._is_new_here", lambda: False)
    # An app lives as long as its process; here hundreds of them come and go.
    monkeypatch.setattr("gc.freeze", lambda: None)
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def left_as_users_leave_it(monkeypatch):
    """An app that is quit cancels its workers, then closes its screens; `run_test` only closes."""
    close = App._shutdown

    async def shut_down(app):
        app.workers.cancel_all()
        await close(app)

    monkeypatch.setattr(App, "_shutdown", shut_down)
