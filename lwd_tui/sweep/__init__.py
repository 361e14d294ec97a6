"""Many runs of one plan: what is varied, the jobs here or on a cluster, the results.

A job is a run like any other; nothing here knows more of one than its session and its file.
"""
