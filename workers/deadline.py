"""A deadline that nothing outlives: native code or a regular expression that never ends takes the process with it."""

import faulthandler
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta


@contextmanager
def enforced(limit: timedelta) -> Iterator[None]:
    """End the whole process when the block takes longer, and say on standard error where it stood (no values).

    Its supervisor starts it again. One deadline at a time in a process. A thread of Python's own could not do it: what
    hangs may hold the interpreter. This one needs none.
    """
    faulthandler.dump_traceback_later(limit.total_seconds(), exit=True, file=sys.__stderr__ or 2)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
