"""A small model of the dialect's rules, written from the reference and not from the code: what should happen, in memory.

One decision of this gateway overrides the reference: an id that was given keeps resolving, also after permanent deletes,
and a text that is registered again gets its old id back.
"""

from __future__ import annotations

from .holdings import DEFAULT, EVERYWHERE, READ_ONLY, Holdings, Place, Refused, Text, Version


class Model(Holdings):
    """Writes and judges as the dialect says."""

    # --- registering and looking up

    def _demand_reference(self, place: Place, text: Text, *, deleted: bool = False) -> None:
        if text.reference is None:
            return
        name, number = text.reference
        target = self.subjects.get(Place(place.context, name), {}).get(number)
        if target is None or (target.deleted and not deleted):
            raise Refused(42201)

    def _holding(self, place: Place, text: Text, *, deleted: bool = False) -> int | None:
        for number in sorted(self.subjects.get(place, {}), reverse=True):
            version = self.subjects[place][number]
            if self.texts[place.context][version.id] == text and (deleted or not version.deleted):
                return number
        return None

    def register(self, place: Place, text: Text) -> int:
        """The id that registering answers."""
        self._demand_reference(place, text)
        there = self._holding(place, text)
        if there is not None:
            return self.subjects[place][there].id
        if self.mode(place) != "READWRITE":
            raise Refused(42205)
        self._judge(place, text)
        known = [number for number, each in self.texts.get(place.context, {}).items() if each == text]
        number = min(known) if known else self.next_id.get(place.context, 1)
        self._add(place, max(self.subjects.get(place, {0: None})) + 1, number, text)
        return number

    def impose(self, place: Place, text: Text, number: int, version: int) -> int:
        """The id that registering under a given id and version answers."""
        self._demand_reference(place, text, deleted=True)
        there = self._holding(place, text)
        if there == version and self.subjects[place][there].id == number:
            return number
        if self.mode(place) != "IMPORT":
            raise Refused(42205)
        if self.texts.get(place.context, {}).get(number, text) != text:
            raise Refused(42205)
        self._add(place, version, number, text)
        return number

    def _add(self, place: Place, version: int, number: int, text: Text) -> None:
        self.texts.setdefault(place.context, {})[number] = text
        self.next_id[place.context] = max(self.next_id.get(place.context, 1), number + 1)
        self.contexts.add(place.context)
        versions = self.subjects.setdefault(place, {})
        for twin in [each for each, held in versions.items() if held.deleted and held.id == number]:
            if not any(self.referrers(place, twin, deleted=True)):
                del versions[twin]
        versions[version] = Version(number)

    def _judge(self, place: Place, text: Text) -> None:
        level = self.level(place)
        live = [held for _, held in sorted(self.subjects.get(place, {}).items()) if not held.deleted]
        past = live if level.endswith("_TRANSITIVE") else live[-1:]
        if not all(self.compatible(place.context, level, text, self.texts[place.context][held.id]) for held in past):
            raise Refused(409)

    def check(self, place: Place, text: Text, number: int | None) -> bool:
        """Whether a text goes together with one version; the latest that is absent goes with everything."""
        live = {each: held for each, held in self.subjects.get(place, {}).items() if not held.deleted}
        if number is not None and number not in live:
            raise Refused(40402)
        self._demand_reference(place, text)
        if not live:
            return True
        held = live[max(live) if number is None else number]
        return self.compatible(place.context, self.level(place), text, self.texts[place.context][held.id])

    def compatible(self, context: str, level: str, new: Text, old: Text) -> bool:
        """Whether both can stand in one history under a level."""
        kind = level.removesuffix("_TRANSITIVE")
        backward = kind not in {"BACKWARD", "FULL"} or self._reads(context, new, old)
        forward = kind not in {"FORWARD", "FULL"} or self._reads(context, old, new)
        return backward and forward

    def _reads(self, context: str, reader: Text, writer: Text) -> bool:
        if (reader.reference is None) != (writer.reference is None):
            return False
        if reader.reference is not None and writer.reference is not None:
            return self._reads(context, self._target(context, reader), self._target(context, writer))
        written = {name for name, _ in writer.fields}
        return all(default or name in written for name, default in reader.fields)

    def _target(self, context: str, text: Text) -> Text:
        assert text.reference is not None
        name, number = text.reference
        return self.texts[context][self.subjects[Place(context, name)][number].id]

    def lookup(self, place: Place, text: Text, *, deleted: bool = False) -> tuple[Place, int]:
        """Where the text is found, in the subject itself or, if it does not have it, in its namesakes."""
        self._demand_reference(place, text, deleted=True)
        for candidate in self.places(place):
            try:
                self.numbers(candidate, deleted=deleted)
                self._demand_reference(candidate, text, deleted=True)
            except Refused:
                continue
            there = self._holding(candidate, text, deleted=deleted)
            if there is not None:
                return candidate, there
        self.numbers(place, deleted=deleted)
        raise Refused(40403)

    # --- deleting

    def delete_version(self, place: Place, number: int | None, *, permanent: bool) -> int:
        """The number that deleting one version answers."""
        everything = self.numbers(place, deleted=True)
        versions = self.subjects[place]
        live = [each for each in everything if not versions[each].deleted]
        if number is None:
            if not live:
                raise Refused(40402)
            number = live[-1]
        if number not in everything:
            raise Refused(40402)
        if versions[number].deleted and not permanent:
            raise Refused(40406)
        self.demand_writable(place)
        if any(self.referrers(place, number, deleted=permanent)):
            raise Refused(42206)
        if permanent and not versions[number].deleted:
            raise Refused(40407)
        self._remove(place, [number], permanent=permanent)
        return number

    def delete_subject(self, place: Place, *, permanent: bool) -> list[int]:
        """The numbers that deleting a subject answers."""
        everything = self.numbers(place, deleted=True)
        versions = self.subjects[place]
        live = [each for each in everything if not versions[each].deleted]
        if not permanent and not live:
            raise Refused(40404)
        self.demand_writable(place)
        gone = everything if permanent else live
        for number in gone:
            if any(user != place for user, _ in self.referrers(place, number, deleted=permanent)):
                raise Refused(42206)
        if permanent and live:
            raise Refused(40405)
        self._remove(place, gone, permanent=permanent)
        return gone

    def _remove(self, place: Place, numbers: list[int], *, permanent: bool) -> None:
        versions = self.subjects[place]
        for number in numbers:
            if permanent:
                del versions[number]
            else:
                versions[number].deleted = True
        if not versions:
            del self.subjects[place]
            self.levels.pop(place, None)
            self.modes.pop(place, None)

    # --- settings

    def set_level(self, place: Place, level: str) -> None:
        self._demand_changeable(place)
        self.levels[place] = level

    def clear_level(self, place: Place) -> str:
        """The level that clearing answers."""
        if place not in self.levels and place not in {Place(DEFAULT, ""), Place(*EVERYWHERE)}:
            raise Refused(40401)
        self._demand_changeable(place)
        return self.levels.pop(place, "BACKWARD")

    def _demand_changeable(self, place: Place) -> None:
        if (self.modes.get(place) or self._walk(self.modes, place)) in READ_ONLY:
            raise Refused(42205)

    def set_mode(self, place: Place, mode: str, *, force: bool) -> None:
        """A mode is set; IMPORT wants empty ground and erases what is deleted there."""
        if mode == "IMPORT" and not force and (self._walk(self.modes, place) or "READWRITE") != "IMPORT":
            self._clear_ground(place)
        self.modes[place] = mode

    def _clear_ground(self, scope: Place) -> None:
        everywhere = scope == Place(*EVERYWHERE)
        inside = [
            place
            for place in self.subjects
            if everywhere or (place.context == scope.context and scope.name in {"", place.name})
        ]
        if any(not held.deleted for place in inside for held in self.subjects[place].values()):
            raise Refused(42205)
        for place in inside:
            for number in self.subjects[place]:
                if any(user not in inside for user, _ in self.referrers(place, number, deleted=True)):
                    raise Refused(42206)
        for place in inside:
            del self.subjects[place]
            self.levels.pop(place, None)
            self.modes.pop(place, None)

    def clear_mode(self, place: Place) -> str:
        """The mode that clearing answers."""
        if place in self.modes:
            return self.modes.pop(place)
        if place in {Place(DEFAULT, ""), Place(*EVERYWHERE)}:
            return "READWRITE"
        raise Refused(40401)
