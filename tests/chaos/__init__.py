"""The chaos harness: a whole deployment whose processes are killed, frozen and misled while clients count on it."""
