"""A(t): the posts, in order of posting."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator

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
        self._written = [0]
        for post in posts:
            self._append(post)

    def __len__(self) -> int:
        return len(self._posts)

    def __getitem__(self, post_id: int) -> Post:
        return self._posts[post_id]

    def add(self, text: str, author: str, origin: Origin, step: int, label: str = "") -> Post:
        """Append a post, which can be drawn from step `step` on."""
        post = Post(len(self._posts), text, author, origin, step, label)
        self._append(post)
        return post

    def since(self, step: int) -> range:
        """Return the ids of the posts that can be drawn from `step` on or later.

        Posts come in order of step, so that this is a search, not a scan.
        """
        return range(bisect_left(self._posts, step, key=lambda post: post.step), len(self._posts))

    def fresh(self) -> Iterator[Post]:
        """Yield the human posts that joined after A(0)."""
        return (post for post in self._posts if post.origin == "human" and post.step)

    def synthetic(self, ids: range) -> int:
        """Count the posts of a range that a participant wrote."""
        return self._written[ids.stop] - self._written[ids.start]

    def _append(self, post: Post) -> None:
        if post.id != len(self._posts):
            raise ValueError(f"post {post.id} follows post {len(self._posts) - 1}")
        if self._posts and post.step < self._posts[-1].step:
            raise ValueError(f"post {post.id} of step {post.step} comes too late")
        self._posts.append(post)
        self._written.append(self._written[-1] + (post.origin == "synthetic"))
