"""A name server and a trap for the client that speaks to the outside."""

from collections.abc import Iterator

import pytest

from tests.servers import trap
from tests.servers.names import NameServer
from tests.servers.trap import Trap


@pytest.fixture
def names() -> Iterator[NameServer]:
    server = NameServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def listening_trap() -> Iterator[Trap]:
    """It listens on every address of this machine."""
    with trap.listening() as found:
        yield found
