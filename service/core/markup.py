"""Comments come as plain text or as HTML; what is scored is what a reader sees."""

import html
import re

# Python refuses to read a number of thousands of digits; no character has more than seven.
_NUMBER = re.compile(r"&#0*([0-9]{1,8})[0-9]*")
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,5000}|!--[^<>]{0,5000})>")


def plain(text: str) -> str:
    """The text without tags, entities resolved. A lone `<` stays: “a < b” is no tag."""
    return html.unescape(_NUMBER.sub(r"&#\1", _TAG.sub(" ", text))) if "<" in text or "&" in text else text
