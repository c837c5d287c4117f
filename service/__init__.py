"""The web side of Gatepost: the doors that comments come in by, and the console."""
