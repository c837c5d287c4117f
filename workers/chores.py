"""What runs beside the steps: a thread each, in the sweeper and in the embedded mode."""

import threading

from service.core.db import Database
from service.core.settings import Settings
from workers import housekeeping, mailing


def threads(database: Database, settings: Settings, stop: threading.Event) -> list[threading.Thread]:
    """Not started yet; they end when told to stop."""
    return [
        threading.Thread(target=run, args=(database, settings, stop), name=name)
        for name, run in (("housekeeping", housekeeping.run), ("mail", mailing.run))
    ]
