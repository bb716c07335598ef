"""The type `aws_glue`: AWS Glue Schema Registry, through boto3 (the extra `aws_glue`)."""

from __future__ import annotations

try:
    import boto3  # noqa: F401 - said here, where the type is loaded, instead of at its first call
except ImportError as missing:
    raise ImportError("boto3 is not installed; it comes with: pip install 'decapolis[aws_glue]'") from missing

from .config import GlueConfig
from .registry import GlueRegistry

__all__ = ["GlueConfig", "GlueRegistry"]
