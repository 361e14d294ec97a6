"""Times that can be compared on a busy machine."""

import time

from threadpoolctl import threadpool_limits


def least_together(*tasks, rounds):
    """Return the least CPU time of each task, in seconds, on one thread.

    CPU time, since wall time on a busy machine measures the others; one thread, since idle threads
    of a matrix library burn CPU time while they wait. The first round isn't counted.
    """
    least = [float("inf")] * len(tasks)
    with threadpool_limits(1):
        for number in range(rounds + 1):
            for k, task in enumerate(tasks):
                began = time.process_time()
                task()
                if number:
                    least[k] = min(least[k], time.process_time() - began)
    return least
