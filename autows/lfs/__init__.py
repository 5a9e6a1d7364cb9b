"""Families of labeling functions, synthesised and applied in bulk."""
