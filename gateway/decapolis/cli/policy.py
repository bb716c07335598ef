"""`decapolis policy explain|preview`: which policy set holds for a subject, and what it would have refused."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import click

from decapolis.cli.configuration import Flags, configured
from decapolis.cli.past import Past, PastUnavailable, of_gateway, of_url
from decapolis.files import ConfigurationFault, load_policies
from decapolis.judge import utc_day
from decapolis.registries.routing import NoRoute, Registries
from decapolis.settings import Configuration
from decapolis_formats import Format
from decapolis_policies import Level
from decapolis_policies.explaining import explain
from decapolis_policies.matching import Facts
from decapolis_policies.replaying import Finding, replay
from decapolis_policies.sets import Policies
from decapolis_translators.subjects import Subject

_CONFIG = click.option("--config", metavar="FILE", help="gateway.yaml  [DECAPOLIS_CONFIG]")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print data instead of sentences.")


@click.group()
def command() -> None:
    """Explain policies, and preview what they would have refused."""


@command.command("explain")
@click.argument("subject")
@_CONFIG
@click.option("--policies", "path", metavar="FILE", help="The policies, instead of those of the configuration.")
@click.option("--registry", metavar="ID", help="The registry, instead of the one that owns the subject.")
@click.option("--format", "named", metavar="FORMAT", help="avro, json or protobuf.")
@click.option("--tenant", metavar="NAME", help="The caller's tenant.")
@click.option("--level", default="BACKWARD", help="What the subject is configured to.  [BACKWARD]")
@_JSON
def explain_command(
    subject: str,
    config: str | None,
    path: str | None,
    registry: str | None,
    named: str | None,
    tenant: str | None,
    level: str,
    as_json: bool,
) -> None:
    """Say which policy set holds for SUBJECT, why, and what it demands."""
    configuration = configured(Flags(config))
    policies = _policies(path, configuration)
    try:
        facts = _facts(configuration, subject, registry, None if named is None else Format.named(named), tenant)
        found = explain(policies, facts, utc_day(), Level.named(level))
    except (ValueError, NoRoute) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for line in _sentences(found):
        click.echo(line)


def _policies(path: str | None, configuration: Configuration) -> Policies:
    chosen = Path(path) if path is not None else configuration.gateway.policies_file
    if chosen is None:
        raise click.ClickException(
            "there are no policies: name a file with --policies, or policies_file in gateway.yaml"
        )
    try:
        return load_policies(chosen, os.environ)
    except ConfigurationFault as fault:
        raise click.ClickException(str(fault)) from fault


def _facts(
    configuration: Configuration, spelled: str, registry: str | None, format: Format | None, tenant: str | None
) -> Facts:
    subject = Subject.parse(spelled)
    owner = registry or Registries([], configuration.routes, configuration.home).explain(spelled)[0]
    entry = next((each for each in configuration.registries if each.id == owner), None)
    metadata = {} if entry is None else {str(key): str(value) for key, value in entry.metadata.items()}
    return Facts(subject.name, owner, subject.context, format, tuple(sorted(metadata.items())), tenant)


def _sentences(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['subject']} in registry {found['registry']}, context {found['context']}"]
    lines += [f"  not {each['set']}: {each['because']}" for each in found["passed_over"]]
    if found["policy_set"] is None:
        return [*lines, "  no policy set matches: only the subject's own level counts"]
    lines.append(f"  {found['policy_set']} holds: stance {found['stance']}, floor {found['floor']}")
    lines.append(f"  configured {found['configured_level']}, enforced {found['enforced_level']}")
    lines += [f"  rule {name}: {json.dumps(options)}" for name, options in found["rules"].items()]
    for each in found["exemptions"]:
        state = "holds until" if each["holds"] else "does not hold here, or lapsed on"
        lines.append(
            f"  exemption from {each['rule']} for {each['subject']} {state} {each['expires']} ({each['owner']})"
        )
    return lines


@command.command("preview")
@click.argument("path", metavar="POLICIES", type=click.Path(path_type=Path))
@click.option(
    "--url", metavar="URL", help="A running gateway or registry to read from, instead of the configuration's."
)
@_CONFIG
@click.option("--store", metavar="URL", help="sqlite:///PATH or postgresql://…  [DECAPOLIS_STORE]")
@click.option("--limit", default=100, show_default=True, help="How many findings to print; all of them are counted.")
@_JSON
def preview(path: Path, url: str | None, config: str | None, store: str | None, limit: int, as_json: bool) -> None:
    """Replay what is in the registries under the file POLICIES, before anyone turns it on.

    Exit codes: 0 when nothing of the past would have been refused, 2 when something would, 1 when it cannot be read.
    """
    configuration = configured(Flags(config, store=store))
    try:
        policies = load_policies(path, os.environ)
        past = asyncio.run(of_url(url, configuration) if url else of_gateway(configuration))
    except ConfigurationFault as fault:
        raise click.ClickException(str(fault)) from fault
    except PastUnavailable as unavailable:
        raise click.ClickException(str(unavailable)) from unavailable
    findings = [found for each in past for found in _replayed(policies, each)]
    if as_json:
        for found in findings:
            click.echo(json.dumps(found.as_json()))
    else:
        _print(findings, past, limit)
    raise SystemExit(2 if any(found.stance == "enforce" for found in findings) else 0)


def _replayed(policies: Policies, past: Past) -> list[Finding]:
    return list(replay(policies, past.facts, past.versions, utc_day()))


def _print(findings: list[Finding], past: list[Past], limit: int) -> None:
    for found in findings[:limit]:
        verb = "refuses" if found.stance == "enforce" else "warns about"
        place = f" at {found.path}" if found.path else ""
        click.echo(
            f"{found.policy_set} {verb} {found.subject} version {found.version}: {found.rule}{place}: {found.message}"
        )
    if len(findings) > limit:
        click.echo(f"… and {len(findings) - limit} more")
    for title, counted in (
        ("rule", Counter(f.rule for f in findings)),
        ("subject", Counter(f.subject for f in findings)),
    ):
        for name, number in counted.most_common(20):
            click.echo(f"by {title}: {number:6} {name}")
    versions = sum(len(each.versions) for each in past)
    broken = len({(found.registry, found.subject, found.version) for found in findings})
    click.echo(f"{broken} of {versions} versions of {len(past)} subjects break a demand")
