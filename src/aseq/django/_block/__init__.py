"""`aatomic`: a transaction of one task, with Django's connections of threads.

**Threads.** Django has one connection per thread and alias, and its ORM is sync code. An
``await Model.objects.acreate()`` hops to a thread, and the connection is that thread's.
Which thread, asgiref decides from the context (see `_private`). Inside a request, and under
sync code, it is one that no other request uses: the block is on the connection that is
there. Anywhere else all tasks of the process share one thread, and with it one transaction:
there the outermost block starts a thread of its own, and tells asgiref to use it in the
block's context.

**Tasks.** `Atomic` keeps its state on the connection, so it is "open" for every task that
shares the thread. Whose it is, only the context knows: a context variable has the blocks
around the current code. A task that is started inside a block inherits a copy, which may be
outdated: it may draw as long as the block itself says that it is open, but not open blocks.
Code that a task runs in the thread without the variable is refused by `DjangoConnection`.

**Locks.** Sibling tasks with one thread would nest their blocks in each other, so outermost
blocks on one connection wait for each other: on the event loop, never in the thread, which
the one that holds the lock needs. A wait that would close a circle is refused.

**Cancelling.** A thread can't be interrupted. Every hop runs to its end before a cancellation
goes on; what may wait for a lock in the database is woken by a cancel request to the server,
and a server that doesn't react is hung up on. A call that may have drawn a number which
nobody got lets the block only roll back. `Entry.exit` keeps this order: no more calls, cancel
those under way, forget the block in the context, end the transaction.

What each file knows, and only it; the ones above use the ones below:

* `atomic`: the context manager and decorator; several entries, several tasks;
* `lifecycle`: how the parts begin and end together, never half-way;
* `block`: what the caller holds;
* `calls`: draws that are under way, and what a cancellation makes of them;
* `transaction`: Django's `Atomic`, in the thread;
* `worker`: the way to the thread, and how it is woken;
* `threads`: whose thread a block uses, and how many there may be;
* `lock`: who waits for whom; knows no block;
* `state`: what may be done in the block now; imports nothing;
* `tenants`, `testcase`: two things that others set on a connection, and a block must see.

* `kept`: a thread for the blocks of an issuer, which come one after the other.

Outside of this folder, only `atomic`, `block` and `kept` may be imported.
"""
