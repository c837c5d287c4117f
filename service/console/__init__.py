"""The moderators' console: server-rendered pages, for people; it stands on the core like the API."""
