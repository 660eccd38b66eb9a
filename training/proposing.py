"""Hand a bundle to the service, where another person decides whether it is used."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from models.bundle import digest_of, read_directory
from models.errors import BundleError
from models.manifest import check_files
from models.promotion import Gate, GateReport, Verdict
from training.errors import ProposalError
from training.release.check import check_pack
from training.release.contents import DIRECTORY as PACK
from training.service import ask

PATH = "/v1/proposals"


@dataclass(frozen=True)
class Proposal:
    """What the service said to a proposed bundle.

    Attributes:
        digest: name of the bundle.
        pack: digest of the release pack, which stands on record with the proposal.
        url: of the service.
        answer: the body of its answer.
        gates: of the bundle.
    """

    digest: str
    pack: str
    url: str
    answer: Mapping[str, Any]
    gates: GateReport

    @property
    def next_steps(self) -> str:
        """Who may approve it, and how; what is to be copied stands in one line."""
        waits = [gate for gate in self.gates.open_gates if gate.verdict is Verdict.INCONCLUSIVE]
        fails = [gate for gate in self.gates.open_gates if gate.verdict is not Verdict.INCONCLUSIVE]
        accepted = "".join(f" --accept-inconclusive {gate.name}" for gate in waits)
        lines = [
            f"Proposed {self.digest}.",
            f"To be read before, release pack {self.pack}: {PACK}/index.html beside the bundle, and in MLflow.",
            "It is not in use. Another person, with the right models:approve, decides:",
            f'  riskapi approve {self.digest} --rationale "..."{accepted}',
            f'  POST {self.url}{PATH}/{self.digest}/approve with {{"rationale": "..."}}',
        ]
        if waits:
            lines.append(f"Who approves answers for gates that could not be decided: {_titles(waits)}.")
        if fails:
            lines.append(f"Gates that did not pass block the approval: {_titles(fails)}.")
        return "\n".join(lines)


def _titles(gates: Sequence[Gate]) -> str:
    return "; ".join(gate.title for gate in gates)


def propose(
    directory: Path, url: str, key: str | None, *, timeout: float = 60.0, client: httpx.Client | None = None
) -> Proposal:
    """Upload a bundle whose release pack is whole; the rationale on record names the digest of the pack.

    Args:
        directory: of a run, or of its bundle; the pack lies in ``release/`` beside the bundle.
        url: of the service, such as ``http://127.0.0.1:8000``.
        key: API key of a person with the scope ``models:propose``.
        timeout: seconds that the service may take.
        client: to send with; a new one by default.

    Raises:
        ProposalError: where there is no bundle, no key, no answer, or the service refuses.
        ReleaseError: where the pack is missing, incomplete, changed, or that of another bundle.
    """
    if not key:
        raise ProposalError("Give the API key of a person with the scope models:propose: --key, or TRAINING_API_KEY.")
    home = directory if (directory / "bundle").is_dir() else directory.parent
    place = home / "bundle" if home == directory else directory
    try:
        files = read_directory(place)
        check_files(files)
        digest = digest_of(files)
        texts = {name: data.decode("utf-8") for name, data in files.items()}
    except (BundleError, UnicodeDecodeError) as error:
        raise ProposalError(f"{place} holds no bundle: {error}") from None
    pack = check_pack(home / PACK, digest)
    body = {"files": texts, "rationale": f"Release pack {pack}."}
    service = url.rstrip("/")
    answer = ask("POST", service + PATH, key, error=ProposalError, body=body, timeout=timeout, client=client)
    accepted = answer if isinstance(answer, dict) else {}
    return Proposal(digest, pack, service, accepted, GateReport.model_validate_json(files["gates.json"]))
