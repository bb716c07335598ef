"""What can be wrong with a schema text.

FormatError
├── InvalidSchema        the text, a name, a default or a reference does not hold
└── ComparisonTooCostly  a comparison ran into its budget; never to be read as a pass
"""

from __future__ import annotations


class FormatError(Exception):
    """Anything that a format engine refuses."""


class InvalidSchema(FormatError):
    """The text is not a schema of its format; the message names the place and what would be right."""


class ComparisonTooCostly(FormatError):
    """A comparison needed more than its budget of compared pairs or depth allows."""
