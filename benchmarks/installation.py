"""A whole installation of the service for a benchmark: settings, three approved models, a key that may score."""

import re
from pathlib import Path

from setting import KEY, make_models, run

from models.bundle import ModelBundle, read_directory
from models.promotion import Verdict
from models.signing import load_key, public_text

JSON = {"Content-Type": "application/json", "X-Purpose": "border_control"}


def install(folder: Path, **changes: str) -> tuple[dict[str, str], dict[str, str]]:
    """Make an installation by the public commands.

    Args:
        folder: for its files; new.
        changes: settings that differ from those of ``riskapi init``.

    Returns:
        Its settings as an environment, and the headers of a request.
    """
    models = make_models()
    settings = folder / "riskapi.env"
    signer = public_text(load_key(KEY))
    run("riskapi", "init", str(settings), "--signer", signer)
    lines = [line for line in settings.read_text().splitlines() if line.startswith("RISKAPI_")]
    env = dict(line.split("=", 1) for line in lines) | {
        "RISKAPI_LOG_LEVEL": "warning",
        "RISKAPI_RATE_PER_SECOND": "0",  # one key asks as fast as it can
        **changes,
    }
    if env["RISKAPI_DATABASE_URL"].startswith("postgresql"):
        run("riskapi", "migrate", **env)

    def key(name: str, kind: str, *scopes: str) -> str:
        words = [word for scope in scopes for word in ("--scope", scope)]
        printed = run("riskapi", "keys", "create", name, "--kind", kind, *words, **env)
        return next(line for line in printed.splitlines() if line.startswith("rk_"))

    proposer = key("Benchmark proposer", "person", "models:propose")
    approver = key("Benchmark approver", "person", "models:approve")
    for bundle in models.values():
        gates = ModelBundle.open(read_directory(bundle), {signer}).gates.gates
        inconclusive = [gate.name for gate in gates if gate.verdict is Verdict.INCONCLUSIVE]
        accepted = [word for name in inconclusive for word in ("--accept-inconclusive", name)]
        printed = run("riskapi", "propose", str(bundle), **env, RISK_API_KEY=proposer)
        digest = re.search(r"sha256:[0-9a-f]{64}", printed)
        words = ("approve", digest[0] if digest else "", "--rationale", "To be measured here.", *accepted)
        run("riskapi", *words, **env, RISK_API_KEY=approver)
    scorer = key("Benchmark", "system", "score", "audience:enforcement", "audience:protection")
    return env, JSON | {"Authorization": f"Bearer {scorer}"}
