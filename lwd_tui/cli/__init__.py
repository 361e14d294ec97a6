"""The command line, a file a command: options in, lines and an exit code out.

What is computed or stored is computed and stored below; nothing here is needed by the explorer.
"""
