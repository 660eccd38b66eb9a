"""MLflow follows the ledger: aliases and tags say what named persons decided in the service, and decide nothing.

The history stays in the ledger. What is written here can be written again at any time, and comes out the same.
"""

from collections.abc import Iterator, Mapping, Sequence

from training.ledger import Standing
from training.tracked import Version
from training.tracking import Tracker

CHAMPION, CHALLENGER = "champion", "challenger"


def follow(tracker: Tracker, ledger: Sequence[Standing]) -> tuple[str, ...]:
    """Bring aliases and tags of all registered models to what the ledger says.

    Args:
        tracker: of the tracking server.
        ledger: all proposed bundles.

    Returns:
        What was changed, and what could not be found, in sentences; none where all of it was so already.

    Raises:
        TrackingError: where the tracking server refuses.
    """
    told: list[str] = []
    for risk in dict.fromkeys(one.risk for one in ledger):
        told += _follow_risk(tracker, risk, [one for one in ledger if one.risk == risk])
    return tuple(told)


def _follow_risk(tracker: Tracker, risk: str, own: Sequence[Standing]) -> Iterator[str]:
    versions, aliases = tracker.versions(risk)
    newest = {version.digest: version.number for version in sorted(versions, key=lambda one: int(one.number))}
    for alias, named in (
        (CHAMPION, next((one for one in own if one.live), None)),
        (CHALLENGER, next((one for one in own if one.challenger), None)),
    ):
        wanted = None if named is None else newest.get(named.digest)
        if named is not None and wanted is None:
            yield f"{risk}: {named.digest} is {alias}, and no tracked run made it: nothing bears the alias."
        if aliases.get(alias) != wanted:
            tracker.set_alias(risk, alias, wanted)
            yield f"{risk}: {alias} is {'nobody' if wanted is None else f'version {wanted}'}."
    by_digest = {one.digest: one for one in own}
    for version in versions:
        if version.digest in by_digest:
            changed = _changed(version, by_digest[version.digest])
            if changed:
                tracker.set_tags(risk, version.number, changed)
                yield f"{risk}: version {version.number} is {changed.get('ledger.state', 'told of anew')}."


def _changed(version: Version, standing: Standing) -> Mapping[str, str]:
    return {key: text for key, text in tags_of(standing).items() if version.tags.get(key) != text}


def tags_of(standing: Standing) -> dict[str, str]:
    """Tags of a version: how it stands, and who decided that, when and why."""
    last, first = standing.last, standing.events[0]
    decided = last.event != "proposed"
    state = last.event if last.event != "approved" else "live" if standing.live else "replaced"
    return {
        "digest": standing.digest,
        "ledger.state": state,
        "ledger.proposed_by": first.principal,
        "ledger.proposed_at": first.at.isoformat(),
        "ledger.proposal": first.rationale,
        "ledger.decided_by": last.principal if decided else "",
        "ledger.decided_at": last.at.isoformat() if decided else "",
        "ledger.reason": last.rationale if decided else "",
    }
