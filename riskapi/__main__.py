"""The command line: ``python -m riskapi``, or ``riskapi`` where it is installed."""

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

COMMANDS = {
    "init": "init",
    "migrate": "migrate",
    "serve": "serve",
    "keys": "keys",
    "accounts": "accounts",
    "propose": "proposals",
    "proposals": "proposals",
    "approve": "proposals",
    "reject": "proposals",
    "challenge": "challengers",
    "withdraw-challenger": "challengers",
    "score-file": "score_file",
    "convert": "convert",
    "watch": "watch",
    "hits": "hits",
    "outcomes": "outcomes",
    "export-cases": "export_cases",
    "verify": "verify",
    "lane-key": "lane_key",
    "replay": "replay",
    "monitor": "monitor",
    "backtest": "backtest",
    "export-log": "export",
    "backup": "backup",
    "restore": "backup",
    "retention": "retention",
    "privacy": "privacy",
    "demo": "demo",
}
"""Each command with its module in ``riskapi.commands``, in the order of the help."""


def command_line(arguments: Sequence[str] = ()) -> typer.Typer:
    """Put the command line together.

    Only the module of the command that is called is imported: the service starts without what files or the demo need.

    Args:
        arguments: of the program; where the first is no command, all commands are there.
    """
    app = typer.Typer(
        help="Explainable risk scores for traveller screening: run the service, manage its keys and its models.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,  # a trace on a terminal could show what was submitted
        add_completion=False,
    )
    app.callback()(lambda: None)  # so that a single command keeps its name
    called = COMMANDS.get(arguments[0]) if arguments else None
    for name in dict.fromkeys(COMMANDS.values()) if called is None else (called,):
        module = import_module(f"riskapi.commands.{name}")
        if module.app.info.help:
            app.add_typer(module.app, name=name)  # a noun with commands of its own
        else:
            app.registered_commands.extend(module.app.registered_commands)
    return app


def main() -> None:
    """Run the command line."""
    command_line(sys.argv[1:])()


if __name__ == "__main__":
    main()
