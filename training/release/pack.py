"""The pack as files: each document as JSON and as a page, an index, and digests that bind them to their bundle."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

import orjson

from models.manifest import sha256
from models.strict_json import canonical
from training.html import page
from training.release import (
    champion_comparison,
    data_sheet,
    gate_report,
    model_card,
    oversight_guide,
    reason_stability,
    risk_file,
)
from training.release.check import PackList
from training.release.contents import INDEX, LIST
from training.release.document import Document
from training.release.kind import Kind
from training.report import Findings

KINDS: Mapping[str, Kind] = {
    "model_card": model_card.KIND,
    "data_sheet": data_sheet.KIND,
    "gate_report": gate_report.KIND,
    "risk_file": risk_file.KIND,
    "oversight_guide": oversight_guide.KIND,
    "reason_stability": reason_stability.KIND,
    "champion_comparison": champion_comparison.KIND,
}
"""The documents, under the names that :data:`training.release.contents.DEMANDED` has."""


def write_pack(found: Findings, directory: Path) -> str:
    """Write the pack of a run.

    Args:
        found: what the run found.
        directory: for the pack; made where it is not there.

    Returns:
        Digest of the pack, ``sha256:<hex>``.
    """
    files = documents(found)
    champion = None if found.champion is None else found.champion.champion.digest
    listed = PackList(
        bundle=found.packed.digest,
        champion=champion,
        files={name: sha256(data) for name, data in sorted(files.items())},
    )
    files[LIST] = canonical(listed.model_dump(mode="json"))
    directory.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        (directory / name).write_bytes(data)
    return f"sha256:{sha256(files[LIST])}"


def documents(found: Findings) -> dict[str, bytes]:
    """Write all documents and their index; bytes by name of the file."""
    manifest, card = found.packed.bundle.manifest, found.packed.bundle.card
    model = {"name": manifest.name, "version": manifest.version, "risk": card.risk, "bundle": found.packed.digest}
    files = {}
    for name, kind in KINDS.items():
        made = Document(name, kind.title, kind.form, model, card.simulated, kind.write(found))
        files[f"{name}.json"] = orjson.dumps(made.to_json(), option=orjson.OPT_INDENT_2)
        files[f"{name}.html"] = made.to_html().encode()
    links = "".join(
        f'<li><a href="{name}.html">{escape(kind.title)}</a> (<a href="{name}.json">JSON</a>)</li>'
        for name, kind in KINDS.items()
    )
    title = f"{card.title}: {manifest.name} {manifest.version}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f"<p>What a person reads before bundle <code>{escape(found.packed.digest)}</code> is used.</p>",
        f"<ul>{links}</ul>",
    ]
    files[INDEX] = page(title, parts).encode()
    return files
