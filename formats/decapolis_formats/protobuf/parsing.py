"""From tokens to the parse tree, as leniently as the dialect does it: numbers and names are not judged."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from decapolis_formats.errors import InvalidSchema

from .fields import read_extend, read_type
from .lexing import Tokens, is_word
from .messages import read_enum, read_message, read_reserved
from .nodes import Enum, Extend, File, Message, Option, Rpc, Service
from .options import read_statement


def read_file(text: str) -> File:
    """The tree of a .proto text; InvalidSchema where the text does not follow the dialect's grammar."""
    return _FileReader(Tokens(text)).file()


class _FileReader:
    """One reading of one file."""

    def __init__(self, tokens: Tokens) -> None:
        self.tokens = tokens
        self.proto3 = False
        self.syntax: str | None = None
        self.package: str | None = None
        self.imports: list[str] = []
        self.public_imports: list[str] = []
        self.options: list[Option] = []
        self.messages: list[Message] = []
        self.enums: list[Enum] = []
        self.extends: list[Extend] = []
        self.services: list[Service] = []
        self.type_names: set[str] = set()
        self.service_names: set[str] = set()

    def file(self) -> File:
        tokens = self.tokens
        if tokens.peek() == "syntax":
            self._syntax()
        while not tokens.done:
            if tokens.accept(";"):
                continue
            self._declaration(tokens.word())
        return File(
            self.syntax,
            self.package,
            tuple(self.imports),
            tuple(self.public_imports),
            tuple(self.options),
            tuple(self.messages),
            tuple(self.enums),
            tuple(self.extends),
            tuple(self.services),
        )

    def _syntax(self) -> None:
        self.tokens.next()
        self.tokens.require("=")
        self.syntax = self.tokens.quoted()
        if self.syntax not in ("proto2", "proto3"):
            self.tokens.fail(f"the syntax '{self.syntax}' is not known (known: proto2, proto3)")
        self.proto3 = self.syntax == "proto3"
        self.tokens.require(";")

    def _declaration(self, keyword: str) -> None:
        reading = _IN_FILE.get(keyword)
        if reading is None:
            self.tokens.at -= 1
            self.tokens.fail(f"'{keyword[:40]}' begins no declaration of a file")
        reading(self)

    def _package(self) -> None:
        self.package = self.tokens.name()
        self.tokens.require(";")

    def _import(self) -> None:
        kind = self.tokens.word() if is_word(self.tokens.peek()) else ""
        name = self.tokens.quoted().replace("\\", "/")
        if kind == "public":
            self.public_imports.append(name)
        elif not kind:
            self.imports.append(name)
        elif kind != "weak":  # the dialect forgets weak imports
            self.tokens.fail(f"'{kind}' is no kind of import (known: public, weak)")
        self.tokens.require(";")

    def _option(self) -> None:
        self.options.append(read_statement(self.tokens))

    def _message(self) -> None:
        message = read_message(self.tokens, self.proto3)
        self._claim(message.name)
        self.messages.append(message)

    def _enum(self) -> None:
        enum = read_enum(self.tokens)
        self._claim(enum.name)
        self.enums.append(enum)

    def _claim(self, name: str) -> None:
        if name in self.type_names:
            raise InvalidSchema(f"The type {name} is declared twice")
        self.type_names.add(name)

    def _extend(self) -> None:
        self.extends.append(read_extend(self.tokens, self.proto3))

    def _service(self) -> None:
        service = _service(self.tokens)
        if service.name in self.service_names:
            raise InvalidSchema(f"The service {service.name} is declared twice")
        self.service_names.add(service.name)
        self.services.append(service)

    def _reserved(self) -> None:
        read_reserved(self.tokens)


_IN_FILE: Final[dict[str, Callable[[_FileReader], None]]] = {
    "package": _FileReader._package,
    "import": _FileReader._import,
    "option": _FileReader._option,
    "message": _FileReader._message,
    "enum": _FileReader._enum,
    "extend": _FileReader._extend,
    "service": _FileReader._service,
    "reserved": _FileReader._reserved,
}


def _service(tokens: Tokens) -> Service:
    name = tokens.name()
    tokens.require("{")
    rpcs: list[Rpc] = []
    options: list[Option] = []
    while not tokens.accept("}"):
        if tokens.accept(";"):
            continue
        word = tokens.word()
        if word == "rpc":
            rpcs.append(_rpc(tokens))
        elif word == "option":
            options.append(read_statement(tokens))
        else:
            tokens.fail(f"'{word}' is no part of a service")
    return Service(name, tuple(rpcs), tuple(options))


def _rpc(tokens: Tokens) -> Rpc:
    name = tokens.name()
    request, request_streams = _rpc_type(tokens)
    if tokens.word() != "returns":
        tokens.fail("'returns' is expected here")
    response, response_streams = _rpc_type(tokens)
    options: list[Option] = []
    if tokens.accept("{"):
        while not tokens.accept("}"):
            if tokens.accept(";"):
                continue
            if tokens.word() != "option":
                tokens.fail("a method holds nothing but options")
            options.append(read_statement(tokens))
    else:
        tokens.require(";")
    return Rpc(name, request, response, request_streams, response_streams, tuple(options))


def _rpc_type(tokens: Tokens) -> tuple[str, bool]:
    tokens.require("(")
    type_name = read_type(tokens)
    streams = type_name == "stream"
    if streams:
        type_name = read_type(tokens)
    tokens.require(")")
    return type_name, streams
