"""Configuration files: every fault at once, with file, line and the nearest key; never a secret."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from decapolis.files import ConfigurationFault, Fault, check, load
from decapolis.settings import REGISTRY_TYPES, LevelName
from decapolis_policies.levels import LEVELS

BLUEPRINT_TYPES = [
    "confluent",
    "unity_catalog",
    "aws_glue",
    "azure_purview",
    "apicurio",
    "karapace",
    "pulsar",
    "redpanda",
    "snowflake",
    "gcp_data_catalog",
]


def written(folder: Path, text: str, name: str = "registries.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder: Path, text: str, name: str = "registries.yaml", **environ: str) -> list[Fault]:
    return check([written(folder, text, name)], environ)[1]


def said(found: list[Fault]) -> list[tuple[int | None, str]]:
    return [(fault.line, fault.path) for fault in found]


MANY = """\
registries:
  - id: a
    type: confluent
    config: {url: "http://x", usrname: u}
    metdata: {}
  - id: a
    type: snowflak
    ids: {base: 5, span: x}
    ids: {base: 6}
  - id: c
    type: confluent
    ids: {base: 2000000000, span: 100}
    config: {url: "http://x"}
  - id: d
    type: karapace
    config:
      password: "${NOPE}"
      timeout: fast
    ids: {base: 2000000050, span: 100}
  - nonsense
extra: 1
"""


def test_every_fault_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, MANY)
    assert said(found) == [
        (4, "registries[0].config.usrname"),
        (5, "registries[0].metdata"),
        (6, "registries[1].id"),
        (7, "registries[1].type"),
        (8, "registries[1].ids.span"),
        (9, "registries[1].ids"),
        (16, "registries[3].config.url"),
        (17, "registries[3].config.password"),
        (18, "registries[3].config.timeout"),
        (19, "registries[3].ids"),
        (20, "registries[4]"),
        (21, "extra"),
    ]
    by_path = {fault.path: fault for fault in found}
    assert by_path["registries[0].config.usrname"].nearest == "username"
    assert by_path["registries[0].metdata"].nearest == "metadata"
    assert by_path["registries[1].type"].nearest == "snowflake"
    assert "used twice" in by_path["registries[1].id"].what
    assert "given twice, first on line 8" in by_path["registries[1].ids"].what
    assert "the id ranges of c and d overlap" in by_path["registries[3].ids"].what
    password = by_path["registries[3].config.password"].what
    assert "variable NOPE" in password
    assert "registry d" in password


def test_a_fault_prints_as_file_line_path_reason_and_suggestion(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, "registries:\n- {id: a, type: confluent, conf: {}, config: {url: 'http://x'}}\n")
    assert str(fault).startswith(f"{tmp_path}/registries.yaml:2: registries[0].conf: unknown key (known: config, ")
    assert str(fault).endswith("(registry a); did you mean config?")


def test_an_unknown_type_lists_the_known_names(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, "registries: [{id: a, type: foo}]")
    assert all(name in fault.what for name in [*BLUEPRINT_TYPES, "embedded"])
    assert set(REGISTRY_TYPES) == {*BLUEPRINT_TYPES, "embedded"}


def test_all_ten_types_are_accepted(tmp_path: Path) -> None:
    dialect = {"confluent", "karapace", "redpanda"}
    entries = "".join(
        f"  - {{id: r-{name}, type: {name}, config: {{{'url: http://x' if name in dialect else 'any: thing'}}}}}\n"
        for name in BLUEPRINT_TYPES
        if name in dialect or not _loadable(name)
    )
    assert faults(tmp_path, "registries:\n" + entries) == []


def _loadable(name: str) -> bool:
    from decapolis_translators.discovery import Types

    return name in Types().names()


def test_a_type_that_is_not_installed_still_wants_a_mapping(tmp_path: Path) -> None:
    absent = next((name for name in BLUEPRINT_TYPES if not _loadable(name)), "confluent")
    [fault] = faults(tmp_path, f"registries: [{{id: a, type: {absent}, config: 5}}]")
    assert fault.path == "registries[0].config"


def test_text_that_yaml_takes_for_something_else_wants_quotes(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, "registries: [{id: off, type: confluent, config: {url: 'http://x'}}]")
    assert "put it in quotes" in fault.what


DISABLED = """\
registries:
  - id: resting
    type: confluent
    enabled: ${ON:-false}
    config: {url: "${NOPE}", password_file: /not/there, urll: x}
    metadata: {owner: "${NOBODY}"}
"""


def test_a_disabled_entry_needs_none_of_its_variables_but_its_keys_are_checked(tmp_path: Path) -> None:
    assert said(faults(tmp_path, DISABLED)) == [(5, "registries[0].config.urll")]
    enabled = said(faults(tmp_path, DISABLED, ON="true"))
    assert (5, "registries[0].config.url") in enabled
    assert (6, "registries[0].metadata.owner") in enabled
    assert (5, "registries[0].config.password_file") in enabled


def test_variables_defaults_and_escapes(tmp_path: Path) -> None:
    written(
        tmp_path,
        "registries:\n- {id: 'r-${NAME}', type: karapace, ids: {base: '${BASE}'},"
        " config: {url: '${URL:-http://x}', username: '${EMPTY:-u}', password: 'a$${b}'}, metadata: {key_file: k}}\n",
    )
    gateway = written(tmp_path, "registries_file: registries.yaml\nlisten: {port: '${PORT}'}", "gateway.yaml")
    environ = {"NAME": "one", "BASE": "1000000000", "PORT": "9", "EMPTY": ""}
    configuration = load(gateway, {}, environ)
    entry = configuration.registries[0]
    assert (entry.id, entry.ids and entry.ids.base, configuration.gateway.listen.port) == ("r-one", 1000000000, 9)
    assert entry.config == {"url": "http://x", "username": "u", "password": "a${b}"}
    assert entry.metadata == {"key_file": "k"}


def test_a_secret_file_is_found_from_the_yaml_files_own_folder(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "secret").write_text("s3cret\n")
    text = "registries: [{id: a, type: confluent, config: {url: 'http://x', username: u, password_file: secret}}]"
    written(tmp_path, text, "sub/registries.yaml")
    gateway = written(tmp_path, "registries_file: sub/registries.yaml\nhome: a", "gateway.yaml")
    assert load(gateway, {}, {}).registries[0].config["password"] == "s3cret"
    both = text.replace("username: u", "username: u, password: p")
    assert said(faults(tmp_path, both, "sub/registries.yaml")) == [(1, "registries[0].config.password_file")]


def test_a_key_of_the_type_that_ends_in_file_is_left_alone(tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.write_text("sqlite:///from-file.db\n")
    gateway = written(tmp_path, "store_file: store", "gateway.yaml")
    assert load(gateway, {}, {}).gateway.store == "sqlite:///from-file.db"
    assert said(faults(tmp_path, "home_file: store", "gateway.yaml")) == [(1, "home_file")]


@pytest.mark.parametrize(
    "text",
    [
        "registries:\n- {id: a, type: confluent, config: {url: 'http://x', password: *hunter2secret}}",
        "registries:\n- {id: a, type: confluent, config: {url: 'http://x', password: !hunter2secret x}}",
        "registries:\n- {id: a, type: confluent, config: {url: 'http://x', password: \"hunter2secret}}",
        "registries:\n- {id: a, type: confluent, config: {url: 'http://u:hunter2secret@x'}}",
        "registries:\n- {id: a, type: confluent, config: {url: 'http://x', password: {hunter: hunter2secret}}}",
        "registries:\n- {id: a, type: confluent, config: {url: 'http://x', timeout: hunter2secret}}",
        "registries:\n- {id: a, type: confluent, config: {url: 'http://x', password: '${hunter2secret-}'}}",
        "store: mysql://u:hunter2secret@h/x",
        "cache: {redis: [hunter2secret]}",
        "listen: {tls: {cert: hunter2secret}}",
    ],
)
def test_no_fault_repeats_a_value(tmp_path: Path, text: str) -> None:
    found = faults(tmp_path, text, "some.yaml")
    assert found
    assert "hunter2secret" not in "\n".join(map(str, found))


def test_dangling_routes_and_home_are_refused_beside_other_faults(tmp_path: Path) -> None:
    written(tmp_path, "registries: [{id: main, type: confluent, config: {url: 'http://x'}}]")
    text = "registries_file: registries.yaml\nhome: mian\nroutes:\n- {match: 'a*', registry: mani}\n- {}\nlisten: {prot: 1}"
    found = faults(tmp_path, text, "gateway.yaml")
    assert said(found) == [(2, "home"), (4, "routes[0].registry"), (5, "routes[1].registry"), (6, "listen.prot")]
    assert [fault.nearest for fault in found] == ["main", "main", None, "port"]


def test_a_home_has_base_nought_and_its_ids_belong_to_it(tmp_path: Path) -> None:
    entry = "{id: main, type: confluent, config: {url: 'http://x'}, ids: {base: %d}}"
    other = "{id: side, type: confluent, config: {url: 'http://x'}, ids: {base: 500}}"
    gateway = "registries_file: registries.yaml\nhome: main"
    written(tmp_path, f"registries: [{entry % 7}]")
    [moved] = faults(tmp_path, gateway, "gateway.yaml")
    assert (moved.path, "base can only be 0" in moved.what) == ("registries[0].ids.base", True)
    written(tmp_path, "registries:\n- {id: main, type: confluent, config: {url: 'http://x'}}\n- " + other)
    [overlap] = faults(tmp_path, gateway, "gateway.yaml")
    assert (overlap.line, overlap.path) == (3, "registries[1].ids")


def test_replicas_want_a_store_that_can_be_shared(tmp_path: Path) -> None:
    [fault] = faults(tmp_path, "replicas: 2", "gateway.yaml")
    assert "PostgreSQL" in fault.what
    assert faults(tmp_path, "replicas: 2\nstore: postgresql://h/d", "gateway.yaml") == []


def test_kinds_are_told_apart_by_their_keys(tmp_path: Path) -> None:
    assert faults(tmp_path, "", "empty.yaml") == []
    assert said(faults(tmp_path, "policies: [{flor: NONE, name: a}]", "p.yaml")) == [(1, "policies[0].flor")]
    [strange] = faults(tmp_path, "registrys: []", "r.yaml")
    assert strange.nearest == "registries"
    assert "neither a gateway" in strange.what
    assert said(faults(tmp_path, "- a", "list.yaml")) == [(None, "")]
    assert said(faults(tmp_path, "a: [", "broken.yaml")) == [(1, "")]


def test_a_folder_stands_for_its_yaml_files(tmp_path: Path) -> None:
    written(tmp_path, "nope: 1", "a.yaml")
    written(tmp_path, "nope: 1", "b.yml")
    written(tmp_path, "nope: 1", "c.txt")
    files, found = check([tmp_path], {})
    assert [file.name for file in files] == ["a.yaml", "b.yml"]
    assert len(found) == 2
    (tmp_path / "void").mkdir()
    assert "holds no" in str(check([tmp_path / "void"], {})[1][0])
    assert "cannot be read" in str(check([tmp_path / "absent.yaml"], {})[1][0])


def test_yaml_that_eats_memory_or_itself_is_refused(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join('*' + chr(97 + i) for _ in range(9))}]\n" for i in range(9)
    )
    assert any("too many values" in fault.what for fault in faults(tmp_path, bomb))
    assert any("refers to itself" in fault.what for fault in faults(tmp_path, "registries: &r [*r]"))


def test_merged_keys_count_less_than_own_ones(tmp_path: Path) -> None:
    text = (
        "registries:\n"
        "- &one {id: a, type: confluent, config: {url: 'http://a'}}\n"
        "- {<<: *one, id: b}\n"
    )  # fmt: skip
    written(tmp_path, text)
    gateway = written(tmp_path, "registries_file: registries.yaml", "gateway.yaml")
    assert [(each.id, each.config["url"]) for each in load(gateway, {}, {}).registries] == [
        ("a", "http://a"),
        ("b", "http://a"),
    ]


def test_flags_and_variables_are_named_where_they_are_at_fault(tmp_path: Path) -> None:
    gateway = written(tmp_path, "listen: {port: 1}\nstore: sqlite:///x", "gateway.yaml")
    with pytest.raises(ConfigurationFault) as refused:
        load(gateway, {"port": "many", "store": "oracle://x"}, {})
    assert str(refused.value).splitlines() == [
        "--store or DECAPOLIS_STORE: store: a store is sqlite:///PATH or postgresql://…",
        "--port or DECAPOLIS_PORT: listen.port: input should be a valid integer, unable to parse string as an integer",
    ]


def test_the_levels_of_the_configuration_are_those_of_the_policies() -> None:
    assert set(get_args(LevelName)) == set(LEVELS)
