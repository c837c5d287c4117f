"""How many webhooks may be under way to one endpoint: what it has shown in this step of the courier."""

from dataclasses import dataclass, field
from uuid import UUID

from workers.retries import Outcome

_PROMPT_MILLISECONDS = 1000


@dataclass
class Pace:
    """Each prompt success gives an endpoint one place more, up to `most`; anything else takes half, down to `least`."""

    least: int
    most: int
    grown: dict[UUID, int] = field(default_factory=dict)  # endpoint -> its places, where they are more than `least`

    def note(self, endpoint_id: UUID, outcome: Outcome) -> None:
        places = self.grown.get(endpoint_id, self.least)
        prompt = outcome.delivered and outcome.milliseconds < _PROMPT_MILLISECONDS
        places = min(places + 1, self.most) if prompt else places // 2
        if places > self.least:
            self.grown[endpoint_id] = places
        else:
            self.grown.pop(endpoint_id, None)
