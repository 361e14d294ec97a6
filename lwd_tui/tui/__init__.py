"""The explorer: a Textual app that renders steps and sends commands to the session."""
