"""Sends mails, one after the other, in a thread of its own: a mail server that hangs holds up nothing else."""

import threading
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from service.core.db import Database
from service.core.mail import digests, letters, messages, owed, server
from service.core.mail.server import RefusedError, Server, ServerError
from service.core.models import Mail
from service.core.outage import Outage
from service.core.settings import Settings

log = structlog.get_logger()

_LOOKS_EVERY = timedelta(seconds=5)
# With a mail server that cannot be used, the wait doubles up to this.
_LONGEST_WAIT = timedelta(minutes=10)


def run(database: Database, settings: Settings, stop: threading.Event) -> None:
    """Send what is owed, until told to stop. Without a mail server there is nothing to do."""
    if settings.smtp_url is None:
        return
    to = server.parse(settings.smtp_url.get_secret_value())
    outage, failures, more = Outage("mail"), 0, True
    while not stop.wait(0 if more else _wait(failures).total_seconds()):
        more = False
        try:
            more = send_next(database, settings, to)
            failures = 0 if more else failures
            outage.passed()
        except ServerError as error:
            failures += 1
            log.error("mail.server", error=str(error), failures=failures)
        except SQLAlchemyError as error:
            outage.failed(error)
        except Exception:
            # The thread must live: the next mail may be sound.
            log.exception("mail.failed")


def send_next(database: Database, settings: Settings, to: Server) -> bool:
    """Send the mail that has been due for the longest; False when none is. Raises ServerError."""
    mail = _claim(database)
    if mail is None:
        return False
    with database.reading() as session:
        letter = letters.write(session, mail, settings)
    if letter is None:
        _finish(database, mail)
        return True
    try:
        server.send(to, messages.render(letter, settings.mail_from or "", mail.id))
    except RefusedError as error:
        log.error("mail.refused", kind=mail.kind, mail_id=str(mail.id), error=str(error), permanent=error.permanent)
        if not error.permanent:
            _postpone(database, mail, error)
            return True
    except ServerError as error:
        _postpone(database, mail, error)
        raise
    else:
        log.info("mail.sent", kind=mail.kind, mail_id=str(mail.id), attempt=mail.attempts)
    _finish(database, mail)
    return True


def _wait(failures: int) -> timedelta:
    return min(_LOOKS_EVERY * (1 << min(failures, 10)), _LONGEST_WAIT)


def _claim(database: Database) -> Mail | None:
    with database.reading() as session:
        if not (digests.are_due(session) or owed.is_due(session)):
            return None
    with database.transaction() as session:
        digests.owe_due(session)
        return owed.claim(session)


def _finish(database: Database, mail: Mail) -> None:
    with database.transaction() as session:
        owed.finish(session, mail)


def _postpone(database: Database, mail: Mail, error: Exception) -> None:
    with database.transaction() as session:
        owed.postpone(session, mail, str(error))
