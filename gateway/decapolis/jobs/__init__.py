"""Jobs: plans that are stored, run step by step, journaled, and taken back.

A step is one thing at one place. Its intent, with what is there before, is durable before anything is done; what it did is
durable after. Whoever takes a job up again, after a crash too, finds in the steps what is left, and in the registry what
became of the step that was under way.
"""

from __future__ import annotations

from .plan import JobPlan, StepPlan
from .service import Jobs, KeyReused, NotNow, UnknownJob

__all__ = ["JobPlan", "Jobs", "KeyReused", "NotNow", "StepPlan", "UnknownJob"]
