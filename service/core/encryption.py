"""Secrets at rest, encrypted with the operator's keys (Fernet: AES-128-CBC and HMAC-SHA256)."""

import os
import re
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import make_url

from service.core import errors
from service.core.settings import Settings

# How secrets of webhooks begin that were stored before they were encrypted.
PLAIN = "whsec_"


def new_key() -> str:
    return Fernet.generate_key().decode()


class Keyring:
    """Encrypts with the newest key, decrypts with any.

    The keys come from a text, or from a file that is made when the first secret is to be kept. The file is read anew
    each time, so that a rotation needs no restart.
    """

    def __init__(self, keys: str = "", file: Path | None = None) -> None:
        self._keys = keys
        self.file = file

    def check(self) -> None:
        """Raises MissingSecretKeysError or InvalidSecretKeysError. A file that is still to be made is no fault."""
        if self.file is None or self.file.exists():
            self._fernet()

    def encrypt(self, secret: str) -> str:
        if self.file is not None:
            _make(self.file)
        return self._fernet().encrypt(secret.encode()).decode()

    def decrypt(self, token: str) -> str:
        """Raises WrongSecretKeysError when none of the keys has made the token."""
        if token.startswith(PLAIN):
            return token
        try:
            return self._fernet().decrypt(token).decode()
        except InvalidToken:
            raise errors.WrongSecretKeysError from None

    def put_first(self, key: str) -> None:
        """Write with this key from now on. Only for keys in a file."""
        self._write([key, *self._names()])

    def keep_first(self) -> None:
        """Forget all keys but the newest. Only for keys in a file."""
        self._write(self._names()[:1])

    def _fernet(self) -> MultiFernet:
        names = self._names()
        if not names:
            raise errors.MissingSecretKeysError
        try:
            return MultiFernet([Fernet(name) for name in names])
        except ValueError:
            raise errors.InvalidSecretKeysError from None

    def _names(self) -> list[str]:
        text = self._keys
        if self.file is not None:
            with suppress(FileNotFoundError):
                text = self.file.read_text(encoding="ascii")
        return re.findall(r"[^\s,]+", text)

    def _write(self, names: list[str]) -> None:
        assert self.file is not None  # noqa: S101 - for the types: both callers say so
        written = self.file.with_suffix(".new")
        written.unlink(missing_ok=True)
        _create(written, names)
        # At once: whoever reads meanwhile finds the old keys or the new ones.
        written.replace(self.file)


def keyring(settings: Settings) -> Keyring:
    """The setting's keys. Without it the embedded mode keeps one beside its database, and a server does not start.

    Raises MissingSecretKeysError.
    """
    if settings.secret_keys is None and not settings.embedded:
        raise errors.MissingSecretKeysError
    if settings.secret_keys is not None:
        return Keyring(settings.secret_keys.get_secret_value())
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        return Keyring(file=Path(url.database).with_suffix(".key"))
    return Keyring()


def _make(file: Path) -> None:
    # Whoever comes second uses the first one's.
    with suppress(FileExistsError):
        _create(file, [new_key()])


def _create(file: Path, names: list[str]) -> None:
    """A file that only its owner reads, whole from the moment it is there under its name."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as opened:
        opened.write("".join(f"{name}\n" for name in names))
        opened.flush()
        os.fsync(opened.fileno())
