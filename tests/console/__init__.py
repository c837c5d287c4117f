"""What the console promises its moderators."""
