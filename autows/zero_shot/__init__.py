"""Foundation models that answer for a task without having seen a label of it."""
