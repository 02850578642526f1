"""A call in a connection's thread: what cancelling it does, and when it has ended."""

from __future__ import annotations

from threading import Event, Thread

from aseq._concurrency.call import Job

DEADLINE = 20


def test_it_has_not_ended_before_its_waking_has() -> None:
    """Else the waking would hit the next statement."""
    began, waking, woken, aborted = Event(), Event(), Event(), Event()

    def work() -> None:
        call.begin()
        began.set()
        assert waking.wait(DEADLINE)

    def wake() -> None:
        waking.set()
        assert woken.wait(DEADLINE)
        assert not aborted.is_set()

    call = Job(work, wake, aborted.set, lambda: None)
    thread = Thread(target=call)
    thread.start()
    assert began.wait(DEADLINE)
    call.cancel()
    assert waking.wait(DEADLINE)
    thread.join(0.1)
    assert thread.is_alive()
    assert not aborted.is_set()
    woken.set()
    thread.join(DEADLINE)
    assert aborted.is_set()
