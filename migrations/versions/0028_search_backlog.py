"""SQLite: what is said is indexed some sixty at a time, by whoever says the last of them or by a search that comes earlier.

Every commit with words in it writes a segment of the index, which is merged with others later: one for many messages
costs hardly more than one for each (docs/adr/0036-words-by-the-dozen.md). What waits is in a table, stored together with
what it tells of. A message has a number exactly when its words are in the index, and so has a thread: only then may they
be taken out of it, because an index without texts believes whatever it is told to forget.
"""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

# Segments of a size that are merged at once, and those at which everybody waits for it.
MERGES = {"automerge": (16, 4), "crisismerge": (64, 16)}

# Whoever wants to have all indexed inserts the kind 'all'. The joins say in which order tables are read: the planner
# takes a small table without statistics for a large one, and would read all messages.
BACKLOG = (
    """create table search_backlog (
        kind varchar(7) not null, id char(32) not null, letters integer not null, primary key (kind, id)) without rowid""",
    """create trigger search_backlog_is_indexed after insert on search_backlog
    when new.kind = 'all' or (select count(*) >= 64 or sum(letters) >= 65536 from search_backlog) begin
        insert into search_owners (user_id)
            select distinct user_id from messages m
            where m.id in (select id from search_backlog where kind = 'message')
                and not exists (select 1 from search_owners where user_id = m.user_id);
        insert into message_numbers (id, message_id, thread_id)
            select row_number() over (partition by o.number order by m.id) + coalesce(
                (select max(id) from message_numbers
                    where id between (o.number << 32) and (o.number << 32) + 4294967295),
                o.number << 32), m.id, m.thread_id
            from search_backlog b cross join messages m on m.id = b.id cross join search_owners o on o.user_id = m.user_id
            where b.kind = 'message';
        insert into message_words (rowid, said)
            select n.id, m.content
            from search_backlog b cross join message_numbers n on n.message_id = b.id cross join messages m on m.id = b.id
            where b.kind = 'message' order by n.id;
        insert into thread_numbers (thread_id)
            select t.id from search_backlog b cross join threads t on t.id = b.id where b.kind = 'thread';
        insert into thread_names (rowid, name)
            select n.id, coalesce(t.title, '')
            from search_backlog b cross join thread_numbers n on n.thread_id = b.id cross join threads t on t.id = b.id
            where b.kind = 'thread' order by n.id;
        delete from search_backlog;
    end""",
)

LATER = (
    """create trigger messages_are_indexed after insert on messages begin
        insert into search_backlog (kind, id, letters) values ('message', new.id, length(new.content));
    end""",
    """create trigger messages_are_forgotten before delete on messages begin
        insert into message_words (message_words, rowid, said)
            select 'delete', id, old.content from message_numbers where message_id = old.id;
        delete from message_numbers where message_id = old.id;
        delete from search_backlog where kind = 'message' and id = old.id;
    end""",
    """create trigger threads_are_indexed after insert on threads when new.title <> '' begin
        insert into search_backlog (kind, id, letters) values ('thread', new.id, length(new.title));
    end""",
    """create trigger threads_are_forgotten before delete on threads begin
        insert into thread_names (thread_names, rowid, name)
            select 'delete', id, coalesce(old.title, '') from thread_numbers where thread_id = old.id;
        delete from thread_numbers where thread_id = old.id;
        delete from search_backlog where kind = 'thread' and id = old.id;
    end""",
    # The backlog comes last: it may be indexed at once, and what has a number then is in the index already.
    """create trigger threads_are_reindexed after update of title on threads begin
        insert into thread_names (thread_names, rowid, name)
            select 'delete', id, coalesce(old.title, '') from thread_numbers where thread_id = old.id;
        insert into thread_names (rowid, name)
            select id, coalesce(new.title, '') from thread_numbers where thread_id = new.id;
        insert into search_backlog (kind, id, letters)
            select 'thread', new.id, length(new.title) where new.title <> ''
                and not exists (select 1 from thread_numbers where thread_id = new.id)
                and not exists (select 1 from search_backlog where kind = 'thread' and id = new.id);
    end""",
)

# As migration 0005 has made them.
AT_ONCE = (
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
REPLACED = (
    "messages_are_indexed",
    "messages_are_forgotten",
    "threads_are_indexed",
    "threads_are_forgotten",
    "threads_are_reindexed",
)


def upgrade():
    if not _is_sqlite():
        return
    for statement in BACKLOG:
        _run(statement)
    _replace_triggers(LATER)
    for option, (now, _) in MERGES.items():
        _configure(option, now)


def downgrade():
    if not _is_sqlite():
        return
    _run("insert into search_backlog (kind, id, letters) values ('all', '', 0)")
    _replace_triggers(AT_ONCE)
    _run("drop table search_backlog")
    for option, (_, before) in MERGES.items():
        _configure(option, before)
    _number_the_unnamed()


def _number_the_unnamed():
    """Threads without a name had a number and an empty text."""
    last = _run("select coalesce(max(id), 0) from thread_numbers").scalar_one()
    _run("insert into thread_numbers (thread_id) select id from threads except select thread_id from thread_numbers")
    _run("insert into thread_names (rowid, name) select id, '' from thread_numbers where id > ?", (last,))


def _replace_triggers(statements):
    for name in REPLACED:
        _run(f"drop trigger {name}")
    for statement in statements:
        _run(statement)


def _configure(option, value):
    for table in ("message_words", "thread_names"):
        _run(f"insert into {table} ({table}, rank) values (?, ?)", (option, value))  # noqa: S608


def _run(statement, values=()):
    return op.get_bind().exec_driver_sql(statement, values)


def _is_sqlite():
    return op.get_bind().dialect.name == "sqlite"
