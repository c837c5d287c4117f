"""Mails: what is owed, what it says, and how it reaches a mail server."""
