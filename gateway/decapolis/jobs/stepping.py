"""One step in hand: tried as often as a passing fault is worth, its intent and its outcome made durable."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from decapolis.gateway import Gateway
from decapolis.locks import Busy
from decapolis.operations.errors import OperationRefused
from decapolis.registries.routing import NoRoute, UnknownRegistry
from decapolis.store import StoreUnavailable
from decapolis.store.job_work import note, write_intent, write_outcome
from decapolis.store.jobs import DONE, FAILED, ROLLING_BACK, RUNNING, SKIPPED, Fenced, JobRow, StepRow, one_step
from decapolis.web import enter_call, own_call
from decapolis_formats import FormatError
from decapolis_translators.errors import RegistryError, RegistryFault, Throttled

from .plan import Action, Outcome, Passing, Work, failed, undo_failed

log = logging.getLogger(__name__)

PAUSES = (0.1, 0.3, 1.0, 3.0)
"""How long a step rests before it is tried once more, after a fault that may pass."""
LONGEST_WAIT = 10.0


class Stepper:
    """Does and takes back steps of a job that this process holds."""

    def __init__(
        self, gateway: Gateway, actions: Mapping[str, Action], job: JobRow, halted: Callable[[str], bool]
    ) -> None:
        self.job = job
        self._gateway = gateway
        self._actions = actions
        self._halted = halted

    async def tried(self, step: StepRow, needed: StepRow | None, *, undoing: bool) -> Outcome:
        """The outcome after as many tries as a passing fault is worth."""
        bad = undo_failed if undoing else failed
        action = self._actions.get(step.action)
        if action is None:
            return bad(f"nothing here knows how to do '{step.action}'")
        current = step
        for pause in (*PAUSES, None):
            work = self._work(current, needed, ROLLING_BACK if undoing else RUNNING)
            self._enter(step)
            try:
                return await (action.undo(work) if undoing else action.do(work))
            except (RegistryFault, Busy, Passing) as passing:
                if pause is None:
                    return bad(str(passing))
                asked = passing.retry_after or 0.0 if isinstance(passing, Throttled) else 0.0
                await asyncio.sleep(max(min(asked, LONGEST_WAIT), pause * random.uniform(0.7, 1.3)))  # noqa: S311 - jitter
                # its intent may have been noted meanwhile
                current = await self._as_noted(step)
            except (Fenced, StoreUnavailable):
                raise
            except (RegistryError, FormatError) as refused:
                return bad(str(refused) or type(refused).__name__)
            except Exception as error:  # one step's trouble is told in its journal and ends no other
                return bad(self._unexpected(step, error))
        raise AssertionError("the last try always answers")

    def _work(self, step: StepRow, needed: StepRow | None, while_state: str) -> Work:
        return Work(
            self._gateway,
            self.job,
            step,
            self._intent_of(step),
            lambda: not self._halted(while_state),
            self._telling(step),
            needed,
        )

    async def _as_noted(self, step: StepRow) -> StepRow:
        noted = await self._gateway.store.read(lambda c: one_step(c, self.job.id, step.number))
        return step if noted is None else noted

    def _unexpected(self, step: StepRow, error: Exception) -> str:
        if not isinstance(error, OperationRefused | UnknownRegistry | NoRoute):
            log.error("step failed", extra={"job": self.job.id, "step": step.number}, exc_info=error)
        return str(error) or type(error).__name__

    def _enter(self, step: StepRow) -> None:
        call = own_call()
        call.request_id = f"job-{self.job.id}-{step.number}"
        call.actor, call.administrator = self.job.actor, self.job.administrator
        enter_call(call)

    # --- the journal

    def _intent_of(self, step: StepRow) -> Callable[[Any, Any], Coroutine[Any, Any, None]]:
        async def intend(before: Any, inverse: Any) -> None:
            facts = {
                "registry": step.registry,
                "subject": step.subject,
                "action": step.action,
                "before": before,
                "after": step.after,
            }
            await self._gateway.store.write(
                lambda c: write_intent(c, step, self.job.fence, facts, before=before, inverse=inverse)
            )

        return intend

    def _telling(self, step: StepRow) -> Callable[[str, dict[str, Any]], Coroutine[Any, Any, None]]:
        async def tell(event: str, facts: dict[str, Any]) -> None:
            await self._gateway.store.write(lambda c: note(c, self.job.id, event, step.number, facts, self.job.fence))

        return tell

    async def settle(self, step: StepRow, outcome: Outcome) -> None:
        """Makes an outcome durable; Fenced where the job is somebody else's by now."""
        facts: dict[str, Any] = {
            "registry": step.registry,
            "subject": step.subject,
            "action": step.action,
            "state": outcome.state,
        }
        if outcome.reason is not None:
            facts["reason"] = outcome.reason
        kept = outcome.facts if outcome.state in {DONE, FAILED, SKIPPED} else None
        await self._gateway.store.write(
            lambda c: write_outcome(
                c, step, self.job.fence, facts, state=outcome.state, outcome=kept, reason=outcome.reason
            )
        )
