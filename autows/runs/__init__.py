"""One unit of work from name to file: its key, its record, the store, and what executes a plan."""
