"""``init``: make the first settings of a new installation."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from riskapi.commands.console import ERR, OUT

app = typer.Typer()

_SECRET_BYTES = 48


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write; it must not exist.")] = Path("var/riskapi.env"),
    signer: Annotated[
        list[str] | None, typer.Option(help="Public key of a trusted signer; repeat for several.")
    ] = None,
) -> None:
    """Write a settings file with a new random secret, readable by its owner alone."""
    lines = [
        "# Load with: set -a; . <this file>; set +a",
        f"RISKAPI_SECRET_KEY={secrets.token_urlsafe(_SECRET_BYTES)}",
        f"RISKAPI_DATABASE_URL=sqlite:///{path.parent / 'riskapi.db'}",
        f"RISKAPI_TRUSTED_SIGNERS={','.join(signer or [])}",
    ]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
    except FileExistsError:
        ERR.print(f"{path} exists already; it is left as it is.", style="red", markup=False)
        raise typer.Exit(1) from None
    OUT.print(f"Wrote {path}. Losing its secret makes all keys useless and linkage hashes incomparable: keep it safe.")
