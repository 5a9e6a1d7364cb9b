"""What the truth says of finished runs: computed from their predictions, kept beside their records."""
