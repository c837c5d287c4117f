"""The messages of a template are translated once, when it is compiled: a page of cards has over a thousand of them."""

from collections.abc import Callable, Iterator

from jinja2.ext import Extension
from jinja2.lexer import Token, TokenStream

_CALL = ("name", "lparen", "string", "rparen")


class Wording(Extension):
    """Puts the translation in the place of each `_("…")`, by the environment's `_`.

    What is known only when the page is made, such as `_(name)`, stays a call.
    """

    def filter_stream(self, stream: TokenStream) -> Iterator[Token]:
        translate: Callable[[str], str] = self.environment.globals["_"]  # type: ignore[assignment]
        tokens = list(stream)
        place = 0
        while place < len(tokens):
            part = tokens[place : place + len(_CALL)]
            if tuple(token.type for token in part) == _CALL and part[0].value == "_":
                yield Token(part[0].lineno, "string", translate(part[2].value))
                place += len(part)
            else:
                yield tokens[place]
                place += 1
