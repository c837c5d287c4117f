"""What a user can mend is told in a line, not a traceback."""

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from service.commands.opened import console
from service.core.errors import GatepostError


def tell(error: Exception) -> bool:
    """Say what is wrong; False when it is nothing that its user could mend."""
    if isinstance(error, ValidationError):
        lines = [f"GATEPOST_{str(item['loc'][0]).upper()}: {item['msg']}" for item in error.errors()]
    elif isinstance(error, GatepostError):
        lines = [str(error)]
    elif isinstance(error, OperationalError):
        lines = [f"The database does not answer: {str(error.orig).strip()}"]
    else:
        return False
    for line in lines:
        console.print(line, style="red", markup=False)
    return True
