"""The dialect's text of a parse tree: no comments, fixed sections, two blanks of indent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from .nodes import (
    LARGEST_NUMBER,
    Enum,
    EnumConstant,
    Extend,
    Field,
    File,
    Group,
    Message,
    NumberRange,
    OneOf,
    Option,
    OptionValue,
    Rpc,
    Service,
    Word,
)

_ESCAPES: Final = str.maketrans(
    {
        "\a": "\\a",
        "\b": "\\b",
        "\f": "\\f",
        "\n": "\\n",
        "\r": "\\r",
        "\t": "\\t",
        "\v": "\\v",
        "\\": "\\\\",
        "'": "\\'",
        '"': '\\"',
    }
)
_NO_CONTENT: Final = [""]
_UNREADABLE: Final = frozenset('"\\')
_WORD_CHARACTERS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-")


def printed(file: File) -> str:
    """The text of a file; every section begins with an empty line, the first one too."""
    lines: list[str] = []
    if file.syntax is not None:
        lines.append(f'syntax = "{file.syntax}";')
    if file.package is not None:
        lines.append(f"package {file.package};")
    sections: tuple[Iterable[str], ...] = (
        _imports(file),
        _statements(file.options, ""),
        _types(file.messages, file.enums, ""),
        _vanished(file, "extends") or _each(file.extends, ""),
        (line for service in file.services for line in _service(service)),
    )
    for section in map(list, sections):
        if section:
            lines += ["", *_content(section)]
    lines.append("")
    return "\n".join(lines)


def _vanished(node: File | Message, section: str) -> list[str]:
    """The section without content that normalisation left behind: only the empty line before it shows."""
    return list(_NO_CONTENT) if section in node.vanished else []


def _content(section: list[str]) -> list[str]:
    return [] if section == _NO_CONTENT else section


def _imports(file: File) -> Iterator[str]:
    for name in file.imports:
        yield f'import "{_name(name)}";'
    for name in file.public_imports:
        yield f'import public "{_name(name)}";'


def _types(messages: Sequence[Message], enums: Sequence[Enum], indent: str) -> Iterator[str]:
    for message in messages:
        yield from _message(message, indent)
    for enum in enums:
        yield from _enum(enum, indent)


def _each(extends: Sequence[Extend], indent: str) -> Iterator[str]:
    for extend in extends:
        yield from _block(f"{indent}extend {extend.name}", indent, (_fields(extend.fields, indent + "  "),))


def _block(head: str, indent: str, sections: Iterable[Iterable[str]]) -> list[str]:
    """`head {`, the sections with an empty line between them, `}`; in one line where there is nothing.

    The empty lines are indented like everything else in a block.
    """
    lines: list[str] = []
    for section in map(list, sections):
        if section:
            lines.append(indent if lines else head + " {")
            lines += _content(section)
    if not lines:
        return [head + " {}"]
    lines.append(indent + "}")
    return lines


def _message(message: Message, indent: str) -> list[str]:
    inner = indent + "  "
    return _block(
        f"{indent}message {message.name}",
        indent,
        (
            _ranges("reserved", message.reserved, inner),
            _statements(message.options, inner),
            _fields(message.fields, inner),
            _vanished(message, "oneofs") or (line for oneof in message.oneofs for line in _oneof(oneof, inner)),
            _groups(message.groups, inner),
            _ranges("extensions", message.extensions, inner),
            _vanished(message, "extends") or _each(message.extends, inner),
            _types(message.messages, message.enums, inner),
        ),
    )


def _ranges(keyword: str, statements: Sequence[tuple[NumberRange, ...]], indent: str) -> Iterator[str]:
    for values in statements:
        yield f"{indent}{keyword} {', '.join(map(_range, values))};"


def _range(value: NumberRange) -> str:
    if isinstance(value, tuple):
        start, end = value
        return f"{start} to {'max' if end >= LARGEST_NUMBER else end}"
    return f'"{_name(value)}"' if isinstance(value, str) else str(value)


def _name(name: str) -> str:
    # the dialect does not escape names in quotes; those that no reader could take back are
    return escaped(name) if _UNREADABLE.intersection(name) else name


def _fields(fields: Sequence[Field], indent: str) -> list[str]:
    return [line for field in fields for line in _field(field, indent)]


def _field(field: Field, indent: str) -> list[str]:
    label = f"{field.label} " if field.label else ""
    head = f"{indent}{label}{field.type} {field.name} = {field.number}"
    if not (field.options or field.default is not None or field.json_name is not None):
        return [head + ";"]
    return _bracketed(head, _special(field), indent)


def _special(field: Field) -> list[Option]:
    """The options with default and json_name as the last ones; a tree in normal order has them inside."""
    return [*field.options, *special_options(field)]


def special_options(field: Field) -> list[Option]:
    """`default` and `json_name` of a field in the form of options."""
    found = []
    if field.default is not None:
        found.append(Option("default", _default(field.type, field.default)))
    if field.json_name is not None:
        found.append(Option("json_name", field.json_name))
    return found


def _default(type_name: str, default: str) -> OptionValue:
    # the dialect prints defaults of bytes without quotes; where no reader could take that back, quotes stay
    quoted = type_name == "string" or not default or not _WORD_CHARACTERS.issuperset(default)
    return default if quoted else Word(default)


def _bracketed(head: str, options: Sequence[Option], indent: str) -> list[str]:
    """`head [options];`: a single option in the same line, several in a line each."""
    if not options:
        return [head + ";"]
    if len(options) == 1:
        first, *rest = _option(options[0], indent)
        lines = [f"{head} [{first}", *rest]
        lines[-1] += "];"
        return lines
    return [
        f"{head} [",
        *_listed((_option(option, indent + "  ") for option in options), indent),
        f"{indent}];",
    ]


def _listed(items: Iterable[list[str]], indent: str) -> list[str]:
    """The items one level deeper, with commas between them."""
    lines: list[str] = []
    for item in items:
        if lines:
            lines[-1] += ","
        lines.append(f"{indent}  {item[0]}")
        lines.extend(item[1:])
    return lines


def _oneof(oneof: OneOf, indent: str) -> list[str]:
    inner = indent + "  "
    return _block(
        f"{indent}oneof {oneof.name}",
        indent,
        (_statements(oneof.options, inner), _fields(oneof.fields, inner), _groups(oneof.groups, inner)),
    )


def _groups(groups: Sequence[Group], indent: str) -> Iterator[str]:
    for group in groups:
        label = f"{group.label} " if group.label else ""
        head = f"{indent}{label}group {group.name} = {group.number}"
        yield from _block(head, indent, (_fields(group.fields, indent + "  "),))


def _enum(enum: Enum, indent: str) -> list[str]:
    inner = indent + "  "
    lines = [
        *_ranges("reserved", enum.reserved, inner),
        *_statements(enum.options, inner),
        *(line for constant in enum.constants for line in _constant(constant, inner)),
    ]
    return _block(f"{indent}enum {enum.name}", indent, (lines,))


def _constant(constant: EnumConstant, indent: str) -> list[str]:
    return _bracketed(f"{indent}{constant.name} = {constant.number}", constant.options, indent)


def _service(service: Service) -> list[str]:
    rpcs = (line for rpc in service.rpcs for line in _rpc(rpc))
    return _block(f"service {service.name}", "", (_statements(service.options, "  "), rpcs))


def _rpc(rpc: Rpc) -> list[str]:
    request = ("stream " if rpc.request_streams else "") + rpc.request
    response = ("stream " if rpc.response_streams else "") + rpc.response
    head = f"  rpc {rpc.name} ({request}) returns ({response})"
    if not rpc.options:
        return [head + ";"]
    return [head + " {", *_statements(rpc.options, "    "), "  };"]


def _statements(options: Sequence[Option], indent: str) -> list[str]:
    lines: list[str] = []
    for option in options:
        first, *rest = _option(option, indent)
        lines += [f"{indent}option {first}", *rest]
        lines[-1] += ";"
    return lines


def _option(option: Option, indent: str) -> list[str]:
    """The lines of `name = value`, the first without indent because something may stand before it."""
    name = f"({option.name})" if option.custom else option.name
    first, *rest = _option_value(option.value, indent)
    return [".".join((name, *option.path)) + " = " + first, *rest]


def _option_value(value: OptionValue, indent: str) -> list[str]:
    """A value directly behind an option's name; a list of one element stays in the line there."""
    if isinstance(value, list) and len(value) == 1:
        first, *rest = _value(value[0], indent)
        lines = ["[" + first, *rest]
        lines[-1] += "]"
        return lines
    return _value(value, indent)


def _value(value: OptionValue, indent: str) -> list[str]:
    if isinstance(value, str):
        return [f'"{escaped(value)}"']
    if isinstance(value, Word):
        return [value.text]
    inner = indent + "  "
    if isinstance(value, list):
        return ["[", *_listed((_value(item, inner) for item in value), indent), indent + "]"]
    return ["{", *_listed((_pair(key, item, inner) for key, item in value.items()), indent), indent + "}"]


def _pair(key: str, value: OptionValue, indent: str) -> list[str]:
    first, *rest = _value(value, indent)
    return [f"{key}: {first}", *rest]


def escaped(text: str) -> str:
    """A string's content with the escapes that the dialect writes; other characters stand as they are."""
    return text.translate(_ESCAPES)
