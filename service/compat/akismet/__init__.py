"""Akismet's API, 1.1 and 1.2: its clients work unchanged, and the site's own policy answers them."""
