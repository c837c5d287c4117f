"""What a browser calls itself, in words: enough to know one's own sessions by, and no more."""

from service.console.language import N_

# The first that is found: most claim to be all that came before them.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS": "Firefox",
    "Chrome/": "Chrome",
    "CriOS": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Macintosh": "Mac",
    "CrOS": "ChromeOS",
    "Linux": "Linux",
}
UNKNOWN = N_("A browser")


def named(user_agent: str) -> tuple[str, str]:
    """The browser and the system, as in `Firefox`, `Linux`; the system is empty when nobody knows."""
    browser = next((name for mark, name in _BROWSERS.items() if mark in user_agent), UNKNOWN)
    return browser, next((name for mark, name in _SYSTEMS.items() if mark in user_agent), "")
