"""What the doors and the workers share: rows, rules and words. Imports neither a web framework nor a model."""
