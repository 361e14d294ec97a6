"""A(t): the posts that can be read, and the draws from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from lwd_tui.types import Origin, Post


class Internet:
    """The growing list of posts, in order of posting.

    Parameters
    ----------
    posts : iterable of Post
        Their ids must be 0, 1, 2, ... in order, as a store returns them.
    """

    def __init__(self, posts: Iterable[Post] = ()) -> None:
        self._posts: list[Post] = []
        self._synthetic = 0
        for post in posts:
            self._append(post)

    def __len__(self) -> int:
        return len(self._posts)

    def __getitem__(self, post_id: int) -> Post:
        return self._posts[post_id]

    @property
    def synthetic(self) -> int:
        """How many posts were written by a participant."""
        return self._synthetic

    def add(self, text: str, author: str, origin: Origin, step: int, label: str = "") -> Post:
        """Append a post, which can be drawn from step `step` on."""
        post = Post(len(self._posts), text, author, origin, step, label)
        self._append(post)
        return post

    def draw(self, rng: np.random.Generator, k: int) -> tuple[int, ...]:
        """Draw k posts uniformly without replacement, in random order.

        `Generator.choice` takes O(k) here: it shuffles an index only where k is more than a
        fiftieth of A(t), and uses Floyd's algorithm below. No post is copied.

        Returns
        -------
        tuple of int
            Ids of the posts.
        """
        if k == 0:
            return ()
        return tuple(rng.choice(len(self._posts), size=k, replace=False).tolist())

    def read(self, ids: Sequence[int]) -> list[Post]:
        """Return the posts with these ids, in that order."""
        return [self._posts[post_id] for post_id in ids]

    def _append(self, post: Post) -> None:
        if post.id != len(self._posts):
            raise ValueError(f"post {post.id} follows post {len(self._posts) - 1}")
        self._posts.append(post)
        self._synthetic += post.origin == "synthetic"
