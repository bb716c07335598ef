"""Configuration files: YAML with `${ENV}` and `…_file`, read whole, every fault told with its place and line."""

from .checking import KINDS, check, notes
from .faults import ConfigurationFault, Fault
from .policies import load_policies
from .reading import load

__all__ = ["KINDS", "ConfigurationFault", "Fault", "check", "load", "load_policies", "notes"]
