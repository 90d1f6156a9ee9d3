"""Search: the words of messages with their owner, fragments of thread names; kept by triggers so that no writer forgets.

SQLite: FTS5 tables without copies of the text. Their rows are numbered by tables of our own, because the implicit
numbers of rows change when a database is vacuumed, and so that one user's messages stand together: searching them reads
that range of each word's list, however long the list is. PostgreSQL: a generated column, and trigrams where the database
allows the extension.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SQLITE = (
    "create table search_owners (number integer primary key autoincrement, user_id char(32) not null unique)",
    """create table message_numbers (
        id integer primary key, message_id char(32) not null unique, thread_id char(32) not null)""",
    """create virtual table message_words using fts5(
        said, content='', tokenize='porter unicode61 remove_diacritics 2')""",
    """create trigger messages_are_indexed after insert on messages begin
        insert into search_owners (user_id) select new.user_id
            where not exists (select 1 from search_owners where user_id = new.user_id);
        insert into message_numbers (id, message_id, thread_id)
            select 1 + coalesce(
                (select max(id) from message_numbers
                    where id between (o.number << 32) and (o.number << 32) + 4294967295),
                o.number << 32), new.id, new.thread_id
            from search_owners o where o.user_id = new.user_id;
        insert into message_words (rowid, said)
            select id, new.content from message_numbers where message_id = new.id;
    end""",
    """create trigger messages_are_forgotten before delete on messages begin
        insert into message_words (message_words, rowid, said)
            select 'delete', id, old.content from message_numbers where message_id = old.id;
        delete from message_numbers where message_id = old.id;
    end""",
    """create trigger messages_are_reindexed after update of content on messages begin
        insert into message_words (message_words, rowid, said)
            select 'delete', id, old.content from message_numbers where message_id = old.id;
        insert into message_words (rowid, said)
            select id, new.content from message_numbers where message_id = new.id;
    end""",
    """create table thread_numbers (
        id integer primary key autoincrement, thread_id char(32) not null unique)""",
    "create virtual table thread_names using fts5(name, content='', tokenize='trigram')",
    """create trigger threads_are_indexed after insert on threads begin
        insert into thread_numbers (thread_id) values (new.id);
        insert into thread_names (rowid, name)
            select id, coalesce(new.title, '') from thread_numbers where thread_id = new.id;
    end""",
    """create trigger threads_are_forgotten before delete on threads begin
        insert into thread_names (thread_names, rowid, name)
            select 'delete', id, coalesce(old.title, '') from thread_numbers where thread_id = old.id;
        delete from thread_numbers where thread_id = old.id;
    end""",
    """create trigger threads_are_reindexed after update of title on threads begin
        insert into thread_names (thread_names, rowid, name)
            select 'delete', id, coalesce(old.title, '') from thread_numbers where thread_id = old.id;
        insert into thread_names (rowid, name)
            select id, coalesce(new.title, '') from thread_numbers where thread_id = new.id;
    end""",
)

POSTGRESQL = (
    """alter table messages add column search tsvector generated always as (
        to_tsvector('english', left(content, 250000)) || array_to_tsvector(array['u' || replace(user_id::text, '-', '')])) stored""",
    "create index ix_messages_search on messages using gin (search)",
    """do $$ begin
        create extension if not exists pg_trgm;
        create index ix_threads_title_fragments on threads using gin (title gin_trgm_ops);
    exception when insufficient_privilege or undefined_file or feature_not_supported then
        raise notice 'pg_trgm is not available: searching in the names of all threads will be slow';
    end $$""",
)


def upgrade():
    for statement in SQLITE if _is_sqlite() else POSTGRESQL:
        op.get_bind().exec_driver_sql(statement)


def downgrade():
    if not _is_sqlite():
        op.execute("drop index if exists ix_threads_title_fragments")
        op.drop_column("messages", "search")
        return
    for trigger in ("indexed", "forgotten", "reindexed"):
        op.execute(f"drop trigger messages_are_{trigger}")
        op.execute(f"drop trigger threads_are_{trigger}")
    for table in ("thread_names", "thread_numbers", "message_words", "message_numbers", "search_owners"):
        op.execute(f"drop table {table}")


def _is_sqlite():
    return op.get_bind().dialect.name == "sqlite"
