"""The shape of a policies file: named policies in order; what stands inside one is judged by the policies themselves."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class PolicyOutline(BaseModel):
    """One policy: it has a name, everything else is its own affair."""

    model_config = ConfigDict(extra="allow", frozen=True, hide_input_in_errors=True)

    name: str = Field(min_length=1, description="its name in verdicts and reports")


class PoliciesFile(BaseModel):
    """`policies.yaml`: a list of policies, the first that matches wins."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    policies: list[PolicyOutline] = Field(default_factory=list, description="the policies, in order")
