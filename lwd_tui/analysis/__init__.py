"""Arrays in, arrays out: distances, scaling and, beyond the paper, inference."""
