"""Whole deployments: real processes, a real blog's webhooks, and real accidents."""
