"""Real servers for the tests, each with its own port and folder, that can be killed, frozen and started again."""
