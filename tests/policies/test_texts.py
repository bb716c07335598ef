"""A text and its reading: kept beside it, never sent along."""

from __future__ import annotations

import pickle

from decapolis_formats import Format
from decapolis_policies import Text

WRITTEN = '{ "type" : "record", "name" : "R", "fields" : [ {"name": "a", "type": ["null", "string"]} ] }'


def test_a_reading_is_made_once() -> None:
    text = Text(Format.AVRO, WRITTEN)
    assert text.parsed(strict=False) is text.parsed(strict=False)


def test_a_reading_that_is_there_is_taken() -> None:
    reading = object()
    assert Text(Format.AVRO, WRITTEN).with_reading(reading).parsed(strict=False) is reading


def test_a_reading_makes_no_difference_and_stays_at_home() -> None:
    plain, read = Text(Format.AVRO, WRITTEN), Text(Format.AVRO, WRITTEN)
    alone = len(pickle.dumps(plain))
    read.parsed(strict=False)
    assert (plain == read, hash(plain) == hash(read)) == (True, True)
    assert len(pickle.dumps(read)) == alone
    assert pickle.loads(pickle.dumps(read)) == plain
