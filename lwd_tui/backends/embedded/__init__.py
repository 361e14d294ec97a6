"""llama.cpp in this process, on weights that are packages or files of the user's own.

What fetches, reads and converts weights lives here; nothing here speaks to a server.
"""
