"""Ollama servers, one host or several, by the official client.

What only Ollama does is here; scheduling and retries are shared with the other servers.
"""
