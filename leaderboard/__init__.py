"""Tables and statistics from records alone: no method and no task is imported here, nor torch."""
