"""The command line: one file a command, thin over operations."""

from __future__ import annotations

import gc
import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

_COMMANDS = {
    "canonical": ("canonical", "Print canonical and normalised texts, without a server."),
    "audit": ("audit", "Search, export and verify the trail of changes."),
    "apply": ("apply", "Make registries hold what a folder declares."),
    "demo": ("demo", "Start a gateway over stand-ins of all ten types."),
    "drift": ("drift", "Show what somebody changed by hand."),
    "plan": ("plan", "Show which steps lead to what a folder declares."),
    "check-all": ("check_all", "Hold the histories of many subjects against a level."),
    "jobs": ("jobs", "List, follow, pause, cancel and roll back jobs."),
    "migrate": ("migrate", "Move subjects to another level: analyze, execute, validate, roll back."),
    "set-compatibility": ("set_compatibility", "Set the level of a subject, of many, or of registries."),
    "check": ("check", "Judge a candidate in every registry, or a history against a level."),
    "compare": ("compare", "Compare two schemas of any registries, formats and files."),
    "export": ("export", "Write what a registry holds to a file or a folder."),
    "import": ("import_", "Register what `export` wrote."),
    "find": ("find", "Find a subject in every registry."),
    "overview": ("overview", "Show who is held to which level."),
    "recommendations": ("recommendations", "Suggest what to look at next."),
    "registries": ("registries", "List, test, add and remove registries."),
    "search": ("search", "Search the newest versions of all subjects."),
    "transform": ("transform", "Print a schema in another format."),
    "changed": ("changed", "Compare schema files with their last committed versions."),
    "diff": ("diff", "Compare two schema files for people."),
    "ids": ("ids", "Look after the public ids of registries."),
    "judge": ("judge", "Judge candidates against earlier schemas, without a server."),
    "policy": ("policy", "Explain policies, and preview what they would have refused."),
    "check-config": ("check_config", "Name every fault of configuration files."),
    "serve": ("serve", "Start the gateway."),
    "config-schema": ("config_schema", "Print a JSON Schema of configuration files, for editors."),
    "route": ("route", "Explain which registry owns a subject."),
}
"""Each command's module and one line of help; modules load when their command is used."""


class WrongUsage(click.UsageError):
    """A call that cannot be understood."""

    exit_code = 1


@contextmanager
def _usage_ends_with_one() -> Iterator[None]:
    """Wrong usage ends with 1 like every error: 2 is what incompatible schemas and drift end with."""
    try:
        yield
    except WrongUsage:
        raise
    except click.UsageError as error:
        raise WrongUsage(error.format_message(), error.ctx) from error


class _Lazy(click.Group):
    """A group whose commands are imported when they are called for."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _usage_ends_with_one():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        with _usage_ends_with_one():
            return super().invoke(ctx)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        if cmd_name == "serve":
            # what it loads stays for good: looking for garbage meanwhile is a tenth of the start (the server looks again)
            gc.disable()
        command = importlib.import_module(f"decapolis.cli.{_COMMANDS[cmd_name][0]}").command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_) for name, (_, help_) in sorted(_COMMANDS.items())])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="decapolis", prog_name="decapolis")
def main() -> None:
    """One door to every schema registry."""
