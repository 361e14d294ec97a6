"""Many runs of variants of an experiment: what is varied, the jobs here or on a cluster, results.

A job is a run like any other; nothing here knows more of one than its session and its file.
"""
