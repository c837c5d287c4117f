"""Engines: each scores a batch of texts into Detoxify's six labels."""
