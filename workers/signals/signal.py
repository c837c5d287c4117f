"""What every signal looks at, and what it says. A signal is a pure function of a `Sighting`; None: it saw nothing."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from service.core import markup, text
from service.core.models import Content
from workers.disguises import Disguise
from workers.signals import addresses, words


@dataclass(frozen=True)
class History:
    """What was seen before this comment: at this site, but for `similar_elsewhere`."""

    author_approved: int = 0  # comments of the same author that are approved
    author_rejected: int = 0  # … that a human has rejected
    same_text: int = 0  # other comments with the same text, in the last day
    recent_from_address: int = 0  # other comments from the same address, in the last ten minutes
    recent_from_author: int = 0  # … of the same author
    recent_with_host: int = 0  # other comments that link to the same host, in the last day
    similar: int = 0  # comments with nearly the same text, in the last week
    similar_elsewhere: int = 0  # … at other sites


@dataclass(frozen=True)
class Sighting:
    content: Content
    normalised: str  # the text as it is scored
    history: History
    language: str | None = None  # of the text, where it was told
    disguises: Sequence[Disguise] = ()  # words that the text spells so that a filter misses them

    searched: str = ""  # every form of the text; not given: the normalised one

    @cached_property
    def words(self) -> list[str]:
        return words.split(self.searched or self.normalised)

    @cached_property
    def own_words(self) -> list[str]:
        """The words beside the links."""
        written = self.content.text
        if addresses.are_in(written):
            return words.split(text.normalise(markup.plain(addresses.without(written))))
        return self.words if self.searched in ("", self.normalised) else words.split(self.normalised)

    @cached_property
    def hosts(self) -> list[str]:
        """The host of each link in the text."""
        return addresses.hosts(self.content.text)

    @cached_property
    def linked_hosts(self) -> list[str]:
        """… and of the author's own address."""
        own = addresses.host_of(self.content.author_url or "")
        return [*self.hosts, own] if own else self.hosts

    @cached_property
    def words_beside_links(self) -> int:
        return len(markup.plain(addresses.without(self.content.text)).split())


@dataclass(frozen=True)
class Finding:
    """What a signal saw. Its weight in log-odds is `strength` times what `weights.json` says of its name."""

    name: str
    reason: str
    strength: float = 1.0


SignalFunction = Callable[[Sighting], Finding | None]
