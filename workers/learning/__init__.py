"""Learning from a site's own moderators: a small model per site, fitted to its latest lessons."""
