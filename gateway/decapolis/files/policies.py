"""The policies file: `policies.yaml`, read like every other file, and judged by the policies themselves."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from decapolis_policies.rules import Rules
from decapolis_policies.sets import Policies, PoliciesFile, UnusablePolicies

from .document import Document, read
from .faults import ConfigurationFault, Fault, Problem
from .shapes import beside, fitted
from .variables import Variables

__all__ = ["NO_TENANTS", "PoliciesFile", "idle_sets", "load_policies", "policies_of"]

NO_TENANTS = "callers have no tenants yet, so this set matches nobody and demands nothing"


def load_policies(path: Path, environ: Mapping[str, str]) -> Policies:
    """The policies of a file; ConfigurationFault names every fault with its line."""
    document = read(path)
    policies = policies_of(document, environ)
    if document.problems:
        raise ConfigurationFault(document.faults())
    return policies


def policies_of(document: Document, environ: Mapping[str, str]) -> Policies:
    """The policies that a document says; what is wrong joins its problems, and then there are none."""
    variables = Variables(environ, Path(document.file).parent)
    file, misfits = fitted(PoliciesFile, variables.filled(document.value, ()))
    document.problems += variables.problems + beside(variables.problems, misfits)
    if file is None or document.problems:
        return Policies()
    try:
        return Policies.of_file(file, Rules())
    except UnusablePolicies as unusable:
        document.problems += [Problem(place, what) for place, what in unusable.problems]
        return Policies()


def idle_sets(document: Document, policies: Policies) -> list[Fault]:
    """What is no fault and still not what its author means: sets that match nobody."""
    places = [("policies", index, "match", "tenant") for index, _ in policies.idle]
    return [document.fault(Problem(place, NO_TENANTS)) for place in places]
