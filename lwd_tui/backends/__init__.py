"""Who generates and who embeds: a folder a backend, and beside them what several of them share.

Only here are sockets opened and weights loaded; no backend knows another, or a run.
"""
