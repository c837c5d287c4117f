"""The background side of Gatepost: claim due rows, score them, deliver decisions."""
