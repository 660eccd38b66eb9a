"""The command line: ``python -m riskapi``, or ``riskapi`` where it is installed."""

import typer

from riskapi.commands import init, keys, proposals, serve

app = typer.Typer(
    help="Explainable risk scores for traveller screening: run the service, manage its keys and its models.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # a trace on a terminal could show what was submitted
    add_completion=False,
)
COMMANDS = (init, serve, proposals)
"""Modules of single commands, in the order of the help; each has a Typer of its own."""
for module in COMMANDS:
    app.registered_commands.extend(module.app.registered_commands)
app.add_typer(keys.app, name="keys")


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
