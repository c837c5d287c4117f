"""Every key of the console: what it does, and to whom it is told. `static/console.js` acts on `data-key`."""

from typing import NamedTuple

from service.console.language import N_


class Key(NamedTuple):
    keys: tuple[str, ...]
    words: str


# By heading, as the map under `?` shows them.
KEYMAP: dict[str, tuple[Key, ...]] = {
    N_("Move"): (
        Key(("j", "k"), N_("next comment, previous one")),
        Key(("Enter",), N_("open the comment and its history")),
        Key((".", ","), N_("from an opened comment to the next one of its queue, to the previous one")),
        Key(("n",), N_("show new comments")),
        Key(("/",), N_("search")),
    ),
    N_("Decide"): (
        Key(("a",), N_("approve")),
        Key(("s",), N_("reject as spam")),
        Key(("t",), N_("reject as toxic")),
        Key(("f",), N_("reject as off topic")),
        Key(("o",), N_("reject in own words")),
        Key(("z",), N_("undo")),
    ),
    N_("Leave to others"): (
        Key(("e",), N_("escalate to an admin")),
        Key(("q",), N_("ask for a second opinion")),
    ),
    N_("Author and words"): (
        Key(("y",), N_("trust the author")),
        Key(("b",), N_("block the author")),
        Key(("d",), N_("ban a domain that is linked to")),
        Key(("w",), N_("put the selected word on the site's list")),
    ),
    N_("Many at once"): (
        Key(("x",), N_("select the comment")),
        Key(("Shift+J", "Shift+K"), N_("select on to the next one, to the previous one")),
        Key(("Shift+A",), N_("select all on the page")),
        Key(("Esc",), N_("select none")),
    ),
    N_("View"): (
        Key(("v",), N_("blur comments")),
        Key(("h",), N_("hide scores")),
        Key(("g",), N_("without colour")),
        Key(("?",), N_("this map")),
    ),
}
