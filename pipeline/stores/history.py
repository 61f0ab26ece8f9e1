"""Questions asked and conversations held, kept in the catalog's file. Never decides what is asked or answered."""

from __future__ import annotations

import sqlite3
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.errors import InputError
from pipeline.stores.database import Database, storable

LAST = "last"
"""Means the conversation that was spoken in last, where an id is expected."""


@dataclass(frozen=True, slots=True)
class LoggedQuestion:
    """A question as it was asked. `answer` is the answer's JSON; `seconds` the whole time it took."""

    question_id: int
    asked_at: str
    command: str
    question: str
    answer: str
    settings_hash: str
    seconds: float


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A conversation: when it began, how many turns it has, and its first question."""

    session_id: str
    created: str
    turns: int
    first_question: str


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange. `standalone_question` needs no earlier turn to be understood; `answer` is the answer's JSON.

    pictured: a picture came with the question (`History.turn_picture`).
    """

    ordinal: int
    created: str
    question: str
    standalone_question: str
    answer: str
    pictured: bool = False


class History:
    """The question log and the chat sessions of one library."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def log_question(self, command: str, question: str, answer: str, settings_hash: str, seconds: float) -> int:
        """Append to the log and return the entry's number."""
        with self._database.transaction() as run:
            values = (_now(), command, storable(question), storable(answer), settings_hash, seconds)
            cursor = run.execute("INSERT INTO questions VALUES (NULL, ?, ?, ?, ?, ?, ?)", values)
            return int(cursor.lastrowid or 0)

    def questions(self, limit: int = 100) -> list[LoggedQuestion]:
        """The last `limit` questions, newest first."""
        found = self._database.rows("SELECT * FROM questions ORDER BY question_id DESC LIMIT ?", (limit,))
        return [LoggedQuestion(*row) for row in found]

    def start_session(self) -> str:
        """Begin a conversation and return its id."""
        session_id = uuid.uuid4().hex[:12]
        with self._database.transaction() as run:
            run.execute("INSERT INTO sessions VALUES (?, ?)", (session_id, _now()))
        return session_id

    def sessions(self) -> list[SessionRow]:
        """All conversations, newest first."""
        found = self._database.rows(
            """
            SELECT s.session_id, s.created, count(t.ordinal),
                   coalesce(max(CASE t.ordinal WHEN 0 THEN t.question END), '')
            FROM sessions s LEFT JOIN turns t USING (session_id)
            GROUP BY s.session_id ORDER BY s.created DESC, s.session_id
            """
        )
        return [SessionRow(*row) for row in found]

    def resolve_session(self, reference: str) -> str:
        """The session meant by an id, an unambiguous prefix of one, or `last`. Raises `InputError`."""
        if reference == LAST:
            rows = self._database.rows("SELECT session_id FROM turns ORDER BY created DESC, session_id LIMIT 1")
            if not rows:
                raise InputError("no conversation is stored yet: leave the session out to begin one")
            return str(rows[0][0])
        found = [row.session_id for row in self.sessions() if reference and row.session_id.startswith(reference)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise InputError(f"no conversation is called {reference!r}: leave the id out to begin a new one")
        raise InputError(f"{reference!r} means {len(found)} conversations: {', '.join(found[:5])}; give one id")

    def add_turn(
        self, session_id: str, question: str, standalone_question: str, answer: str, picture: bytes | None = None
    ) -> int:
        """Append a turn, with the picture that came with it, and return its ordinal, 0 for the first."""
        with self._database.transaction() as run:
            row = run.execute("SELECT coalesce(max(ordinal) + 1, 0) FROM turns WHERE session_id = ?", (session_id,))
            ordinal = int(row.fetchone()[0])
            values = (session_id, ordinal, _now(), storable(question), storable(standalone_question), storable(answer))
            run.execute("INSERT INTO turns VALUES (?, ?, ?, ?, ?, ?)", values)
            if picture is not None:
                run.execute("INSERT INTO turn_pictures VALUES (?, ?, ?)", (session_id, ordinal, picture))
        return ordinal

    def set_answer(self, session_id: str, ordinal: int, answer: str) -> None:
        """Put the answer of a turn in the place of what stood there."""
        with self._database.transaction() as run:
            values = (storable(answer), session_id, ordinal)
            run.execute("UPDATE turns SET answer = ? WHERE session_id = ? AND ordinal = ?", values)

    def turns(self, session_id: str) -> list[Turn]:
        """The turns of a conversation in order."""
        found = self._database.rows(
            "SELECT t.ordinal, t.created, t.question, t.standalone_question, t.answer, p.ordinal IS NOT NULL "
            "FROM turns t LEFT JOIN turn_pictures p USING (session_id, ordinal) WHERE t.session_id = ? "
            "ORDER BY t.ordinal",
            (session_id,),
        )
        return [Turn(row[0], row[1], row[2], row[3], row[4], bool(row[5])) for row in found]

    def turn_picture(self, session_id: str, ordinal: int) -> bytes | None:
        """The picture that came with a turn, as it was stored; None without one."""
        values = (session_id, ordinal)
        found = self._database.rows("SELECT picture FROM turn_pictures WHERE session_id = ? AND ordinal = ?", values)
        return bytes(found[0][0]) if found else None

    def delete_session(self, session_id: str) -> None:
        """Delete a conversation with its turns."""
        with self._database.transaction() as run:
            run.execute("DELETE FROM sessions WHERE session_id = ?", (session_id,))
        self._database.scrub()

    def forget_document(self, run: sqlite3.Connection, document_id: str) -> None:
        """Inside the caller's transaction: blank every stored answer that cites the document."""
        for table in ("questions", "turns"):
            run.execute(f"UPDATE {table} SET answer = '' WHERE instr(answer, ?)", (document_id,))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
