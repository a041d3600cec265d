"""The tables of `messages.sqlite3`. Released steps are never changed; add one behind."""

from typing import Final

from callmanager.storage.migrations import Migration

MIGRATIONS: Final = (
    Migration(
        name="messages",
        script="""
            CREATE TABLE conversation (
                number INTEGER PRIMARY KEY,
                own TEXT NOT NULL,
                peer TEXT NOT NULL,
                draft TEXT NOT NULL DEFAULT '',
                muted INTEGER NOT NULL DEFAULT 0,
                archived INTEGER NOT NULL DEFAULT 0,
                opted_out INTEGER,
                last INTEGER,
                last_at INTEGER NOT NULL DEFAULT 0,
                unread INTEGER NOT NULL DEFAULT 0,
                UNIQUE (own, peer)
            );
            CREATE INDEX conversation_by_time ON conversation (archived, last_at, number);
            CREATE TABLE message (
                number INTEGER PRIMARY KEY AUTOINCREMENT,
                id TEXT NOT NULL UNIQUE,
                conversation INTEGER NOT NULL REFERENCES conversation (number) ON DELETE CASCADE,
                transport TEXT NOT NULL,
                received INTEGER NOT NULL,
                text TEXT NOT NULL,
                attachments TEXT NOT NULL DEFAULT '[]',
                at INTEGER NOT NULL,
                delivery TEXT,
                reason TEXT NOT NULL DEFAULT '',
                remote_id TEXT NOT NULL DEFAULT '',
                unread INTEGER NOT NULL DEFAULT 0,
                queued_at INTEGER NOT NULL DEFAULT 0
            );
            CREATE INDEX message_by_time ON message (conversation, at, number);
            CREATE INDEX message_unread ON message (conversation) WHERE unread;
            CREATE INDEX message_pending ON message (conversation, number) WHERE delivery IN ('queued', 'sending');
            CREATE INDEX message_sent ON message (transport, remote_id) WHERE NOT received AND remote_id <> '';
            CREATE TABLE arrival (
                transport TEXT NOT NULL,
                remote_id TEXT NOT NULL,
                PRIMARY KEY (transport, remote_id)
            ) WITHOUT ROWID;
            CREATE TABLE search_index (complete INTEGER NOT NULL);
            INSERT INTO search_index VALUES (0);
        """,
    ),
)
"""`arrival` remembers what came in even when the user deleted it, so that a repetition does not bring it back. Times are
microseconds since 1970. The full-text index is made in `search.py`, because not every SQLite can."""
