"""sentence-transformers in a process of its own, for embeddings.

Only `worker`, which runs there, may import torch.
"""
