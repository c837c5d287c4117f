"""A deadline ends what cannot be ended from within; what is in time does not notice it."""

import subprocess
import sys
from datetime import timedelta

from workers import deadline

HANGS = """
import re
from datetime import timedelta
from workers import deadline

with deadline.enforced(timedelta(seconds=0.2)):
    secret = "xyzzy" + "a" * 100 + "b"
    re.search(r"(a|aa)+$", secret)
print("got away")
"""


def test_an_endless_regular_expression_ends_its_process_which_tells_where_and_not_what() -> None:
    done = subprocess.run([sys.executable, "-c", HANGS], capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 1
    assert done.stdout == ""
    assert "in search" in done.stderr
    assert "xyzzy" not in done.stderr


def test_what_ends_in_time_is_left_alone_after() -> None:
    with deadline.enforced(timedelta(seconds=0.01)):
        pass

    # Were the deadline still on, this would be the end of the tests.
    subprocess.run([sys.executable, "-c", ""], check=True, timeout=60)
