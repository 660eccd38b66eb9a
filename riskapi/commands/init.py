"""``init``: make the first settings of a new installation."""

import secrets
from pathlib import Path
from typing import Annotated

import typer

from models.new_file import write_new_file
from models.signing import public_text
from riskapi.commands.console import ERR, OUT, errors_shown
from riskapi.storage.log_key import log_key

app = typer.Typer()

_SECRET_BYTES = 48


@app.command()
def init(
    path: Annotated[Path, typer.Argument(help="File to write; it must not exist.")] = Path("var/riskapi.env"),
    signer: Annotated[
        list[str] | None, typer.Option(help="Public key of a trusted signer; repeat for several.")
    ] = None,
) -> None:
    """Write a settings file with a new random secret, and a key that signs the log; readable by their owner alone."""
    folder = path.parent
    log_key_file = folder / "riskapi-log-key.pem"
    lines = [
        "# Load with: set -a; . <this file>; set +a",
        f"RISKAPI_SECRET_KEY={secrets.token_urlsafe(_SECRET_BYTES)}",
        f"RISKAPI_DATABASE_URL=sqlite:///{folder / 'riskapi.db'}",
        f"RISKAPI_KEYS_URL=sqlite:///{folder / 'riskapi-keys.db'}",
        f"RISKAPI_LOG_KEY_FILE={log_key_file}",
        f"RISKAPI_CHECKPOINT_FILE={folder / 'riskapi-checkpoints.ndjson'}",
        f"RISKAPI_TRUSTED_SIGNERS={','.join(signer or [])}",
    ]
    try:
        write_new_file(path, ("\n".join(lines) + "\n").encode())
    except FileExistsError:
        ERR.print(f"{path} exists already; it is left as it is.", style="red", markup=False)
        raise typer.Exit(1) from None
    with errors_shown():
        public = public_text(log_key(log_key_file))
    OUT.print(
        f"Wrote {path}. Without its secret no key is valid and nothing stored of travellers can be read: keep it safe."
    )
    OUT.print(f"Auditors verify the log by this public key: {public}", soft_wrap=True, highlight=False)
