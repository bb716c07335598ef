"""Making any model fit what a format holds, and telling what that loses.

What comes out is printed and read back exactly; fitting it again changes nothing and loses nothing.
"""

from __future__ import annotations

from decapolis_formats.holds import Holds
from decapolis_formats.types import Loss, Model

from .walk import Walk

__all__ = ["fitted"]


def fitted(model: Model, holds: Holds, *, name: str = "Record") -> tuple[Model, tuple[Loss, ...]]:
    """The nearest model that the format holds, and what it lost; `name` is for a root that needs one."""
    return Walk(model, holds, name).run()
