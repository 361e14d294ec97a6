"""The dynamics of the models: Algorithm 1 of the paper, as events, on anything that answers.

It knows the contract of a backend and never one of them, and neither stores nor shows.
"""
