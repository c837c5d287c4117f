"""The JSON API under /v1; wire schemas stand beside their routes."""
