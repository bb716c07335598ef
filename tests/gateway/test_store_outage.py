"""The gateway's own database goes away for a while: clear errors in time, nothing half done, and everything back after it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests.postgres import Database, binaries

from .conftest import Running, code, entry, fake_of, record
from .test_many_registries import Fakes
from .test_reads_go_on import timed

pytestmark = pytest.mark.skipif(binaries() is None, reason="PostgreSQL is not installed")


@pytest.fixture
def database() -> Iterator[Database]:
    made = Database()
    made.start()
    yield made
    made.thaw()
    made.remove()


Fault = Callable[[Database], None]
faults = pytest.mark.parametrize(
    ("fault", "cure"), [(Database.stop, Database.start), (Database.freeze, Database.thaw)], ids=["stopped", "frozen"]
)


@faults
async def test_a_gateway_outlives_its_database(
    gateways: Running, database: Database, fault: Fault, cure: Fault
) -> None:
    client = await gateways(store=f"{database.url}/postgres", replicas=2)
    number = await client.registered("s", record("a"))
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200
    await client.get("/subjects/s/versions/latest")
    fault(database)
    asked = [
        client.register("s", record("a", "b=0")),
        client.get("/subjects/s/versions/latest"),
        client.get("/subjects"),
        client.get("/config"),
        client.put("/config", json={"compatibility": "FULL"}),
        client.delete("/subjects/s"),
        client.get("/schemas/ids/77"),
    ]
    for answer, seconds in await asyncio.gather(*(timed(each) for each in asked)):
        assert answer.status_code == 500, answer.text
        assert code(answer)[1] in {50001, 50002, 50003}
        assert seconds < 4.5
    for path in (f"/schemas/ids/{number}", "/health/live", "/health/ready", "/metrics"):
        answer, seconds = await timed(client.get(path))
        assert (answer.status_code, seconds < 4.0) == (200, True), (path, seconds)
    assert (await client.get("/health/ready")).json()["status"] == "degraded"
    cure(database)
    answer = await client.get("/subjects/s/versions")
    for _ in range(100):
        if answer.status_code != 500:
            break
        await asyncio.sleep(0.1)
        answer = await client.get("/subjects/s/versions")
    known = answer.json() if answer.status_code == 200 else []
    # what was answered with an error may have happened or not; what is there is whole
    assert known in ([], [1], [1, 2])
    assert await client.registered("t", record("c")) > number


@faults
async def test_a_front_outlives_its_database(
    gateways: Running, database: Database, fakes: Fakes, fault: Fault, cure: Fault
) -> None:
    """Ids that were answered go on leaving; what would have to be written down is refused in time, and done after it."""
    main = fakes()
    client = await gateways(entry("main", main), home="main", store=f"{database.url}/postgres", replicas=2)
    number = await client.registered("s", record("a"))
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200
    fault(database)
    assert (await client.get(f"/schemas/ids/{number}")).status_code == 200
    answer, seconds = await timed(client.register("s", record("a", "b=0")))
    assert (code(answer)[0], seconds < 4.5) == (500, True)
    cure(database)
    for _ in range(100):
        if (await client.register("s", record("a", "b=0"))).status_code == 200:
            break
        await asyncio.sleep(0.1)
    assert (await client.get("/subjects/s/versions")).json() == [1, 2]
    assert fake_of(main).writes == 2
