"""How a word may be spelt so that a filter misses it, and how it is read all the same."""
