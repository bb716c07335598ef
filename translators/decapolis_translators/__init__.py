"""Registry types: each speaks one kind of registry's own API and answers in our model."""

from __future__ import annotations
