"""The registries that the suites run against: one module per registry type."""
