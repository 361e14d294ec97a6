"""What a stored run says: the statistics of its steps and of its whole, in numbers and sentences.

Numbers come from the analysis and the store; how they look is the front ends' business.
"""
