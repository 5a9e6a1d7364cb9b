"""End models: classifiers trained on weak labels. The protocol's one is :mod:`autows.end_models.weak`."""
