"""Baselines, one module each, on exactly the contract a submission uses."""
