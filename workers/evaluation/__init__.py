"""Measures decisions on labelled comments: `gatepost evaluate`, and the table of `make evaluate`."""
