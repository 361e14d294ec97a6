"""What a run that asks several queries stores beside what it would store of the first alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from lwd_tui.store import encoding
from lwd_tui.types import NO_EMBEDDING, Draw, Response, Step

PromptRow = tuple[bytes, bytes]


def insert_prompts(
    connection: sqlite3.Connection,
    t: int,
    draws: Sequence[Draw],
    asked: Sequence[Sequence[PromptRow]],
    last: int,
) -> None:
    """Store the prompts of each further query, one a draw; `last` numbers the pasts' last."""
    for query, prompts in enumerate(asked, 2):
        for draw, (sha256, body) in zip(draws, prompts, strict=True):
            connection.execute(
                """INSERT OR IGNORE INTO main.prompts (id, sha256, body)
                   VALUES ((SELECT coalesce(max(id), ?) + 1 FROM main.prompts), ?, ?)""",
                (last, sha256, body),
            )
            connection.execute(
                """INSERT INTO main.asked_prompts (t, query, participant, response, prompt)
                   VALUES (?, ?, ?, ?, (SELECT id FROM main.prompts WHERE sha256 = ?))""",
                (t, query, draw.participant, draw.response, sha256),
            )


def finish_asked(connection: sqlite3.Connection, step: Step) -> None:
    """Store the vectors, numbers and geometries of the further queries, and of all together."""
    for query, part in enumerate(step.asked, 2):
        mark_without_vectors(connection, "asked_attempts", part.responses)
        connection.execute(
            "INSERT INTO main.asked_embeddings VALUES (?, ?, ?, ?)",
            (
                step.t,
                query,
                part.embeddings.shape[1],
                encoding.packed(part.embeddings, encoding.VECTORS),
            ),
        )
        _insert_numbers(connection, query, part)
    if step.together is not None:
        _insert_numbers(connection, 0, step.together)
    connection.execute(
        """INSERT INTO main.asked_words (rowid, text)
           SELECT id, text FROM main.asked_responses WHERE t = ?""",
        (step.t,),
    )


def mark_without_vectors(
    connection: sqlite3.Connection, table: str, responses: Sequence[Response]
) -> None:
    """Note which answers lack a vector, which is known only when their step is whole."""
    further = " AND query = ?" if table == "asked_attempts" else ""
    connection.executemany(
        f"""UPDATE main.{table} SET problem = CAST(? AS TEXT)
            WHERE t = ? AND participant = ? AND response = ? AND final{further}""",  # noqa: S608
        [
            (
                encoding.text_bytes(NO_EMBEDDING),
                *(answer.t, answer.participant, answer.index),
                *([answer.query] if further else ()),
            )
            for answer in responses
            if answer.final.problem == NO_EMBEDDING
        ],
    )


def _insert_numbers(connection: sqlite3.Connection, query: int, step: Step) -> None:
    connection.execute(
        "INSERT INTO main.asked_steps VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (step.t, query, step.truncated, step.failed, *encoding.number_columns(step.geometry)),
    )
    if step.geometry is not None:
        t, *arrays = encoding.geometry_row(step.t, step.geometry)
        connection.execute(
            "INSERT INTO main.asked_geometries VALUES (?, ?, ?, ?, ?, ?)", (t, query, *arrays)
        )
