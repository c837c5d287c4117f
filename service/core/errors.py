"""What can be wrong with a request. A class's docstring is the text that its user reads."""


class GatepostError(Exception):
    """Something went wrong."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (self.__doc__ or "").strip())


class UnauthorizedError(GatepostError):
    """This needs a valid key: `Authorization: Bearer gp_…`."""


class ForbiddenError(GatepostError):
    """This key may not do that."""


class NotFoundError(GatepostError):
    """There is no such thing at this site."""


class ConflictError(GatepostError):
    """The comment has changed meanwhile; look at it again."""


class IdempotencyConflictError(GatepostError):
    """This Idempotency-Key was used with another body; use a new key for a new comment."""


class InvalidWebhookUrlError(GatepostError):
    """A webhook goes to an https:// address on the public internet."""


class InvalidShadowError(GatepostError):
    """A shadow needs a policy, an engine or both."""


class InvalidKeyError(GatepostError):
    """A key's `expires_at` lies in the future."""


class InvalidPasswordError(GatepostError):
    """A password has 12 to 1,000 characters."""


class WrongPasswordError(GatepostError):
    """This is not your password."""


class WrongCodeError(GatepostError):
    """This is not the code that your app shows now, or it was used already."""


class SecondFactorNeededError(GatepostError):
    """Set up your second factor first."""


class ThrottledError(GatepostError):
    """Too many logins have failed; try again in 15 minutes."""


class BusyError(GatepostError):
    """Too many are logging in at once; try again in a moment."""


class TooLargeError(GatepostError):
    """The request's body is too large."""


class CrowdedError(GatepostError):
    """Too many comments wait to be stored; send it again in a moment."""


class QuotaError(GatepostError):
    """This key has made all the requests of a minute; `Retry-After` tells when there is one more."""


class SlowError(GatepostError):
    """The request's body did not come in time."""


class CompressedError(GatepostError):
    """The request's body must not be compressed."""


class NotJsonError(GatepostError):
    """The request's body must be JSON, and its Content-Type say so: `application/json`."""


class MissingSecretKeysError(GatepostError):
    """GATEPOST_SECRET_KEYS is not set: the key that webhooks' secrets are encrypted with. `gatepost secrets new` makes one."""  # noqa: E501


class InvalidSecretKeysError(GatepostError):
    """GATEPOST_SECRET_KEYS holds something that is no key; `gatepost secrets new` prints one, of 44 characters."""


class WrongSecretKeysError(GatepostError):
    """A secret was encrypted with a key that is not among GATEPOST_SECRET_KEYS."""
