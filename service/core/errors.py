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


class BusyError(GatepostError):
    """Too many are logging in at once; try again in a moment."""


class TooLargeError(GatepostError):
    """The request's body is too large."""
