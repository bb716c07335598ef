"""Configuration files: YAML with `${ENV}` and `…_file`, read whole, every fault told with its place and line."""

from .bodies import UnusableBody, entry_of_body, filled_config
from .checking import KINDS, check, notes
from .faults import ConfigurationFault, Fault
from .policies import load_policies
from .reading import load

__all__ = [
    "KINDS",
    "ConfigurationFault",
    "Fault",
    "UnusableBody",
    "check",
    "entry_of_body",
    "filled_config",
    "load",
    "load_policies",
    "notes",
]
