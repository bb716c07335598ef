"""The live registries: which there are, how they are reached, which of them owns a subject."""
