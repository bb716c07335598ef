"""The federation face: `/api/v1`, one view over all registries, described by OpenAPI 3.1, with problems as of RFC 9457."""
