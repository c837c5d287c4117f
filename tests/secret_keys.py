"""What the tests encrypt secrets with, in this process and in those that it starts."""

from service.core import encryption
from service.core.encryption import Keyring

SECRET_KEYS = encryption.new_key()
KEYRING = Keyring(SECRET_KEYS)
