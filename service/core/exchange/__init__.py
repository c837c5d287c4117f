"""Archives: comments that come in from files, with what was decided of them elsewhere, and go out again."""
