"""LLM Web Dynamics: a network of language models that read what language models wrote."""

__version__ = "0.1.0"
