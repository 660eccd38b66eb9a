"""``export-cases``: write decisions and outcomes of a time as a table that training reads."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from features.risk import Audience
from riskapi.access.matrix import Action, Purpose
from riskapi.access.principal import Principal
from riskapi.cases import Exported, Sources, Window, cases
from riskapi.commands.console import ERR, OUT, KeyOption, opened_services, person
from riskapi.errors import PermissionDeniedError, ServiceError
from riskapi.files.cases import open_cases
from riskapi.log.entry import Kind
from riskapi.moments import iso
from riskapi.services import Services
from riskapi.storage.case_rows import StoredCases
from riskapi.storage.desk_history import events_of

app = typer.Typer()

_PERSONAL = (
    "This file holds data about persons, though without their names. Whoever has it has to protect, and in time to"
    " delete, it."
)
_FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]


@app.command(name="export-cases")
def export_cases(
    out: Annotated[Path, typer.Option(help="Table to write: .parquet, .ndjson or .jsonl.")],
    *,
    since: Annotated[datetime, typer.Option(formats=_FORMATS, help="Scored at this time or later (UTC).")],
    until: Annotated[
        datetime | None, typer.Option(formats=_FORMATS, help="Scored before this time (UTC); left out, until now.")
    ] = None,
    audience: Annotated[
        Audience, typer.Option(help="Whose outcomes; the key needs the right to this audience.")
    ] = Audience.ENFORCEMENT,
    masked: Annotated[
        bool, typer.Option(help="Also decisions whose identity was masked; nothing else is told of them.")
    ] = False,
    key: KeyOption,
    purpose: Annotated[Purpose, typer.Option(help="What the cases are for.")] = Purpose.TRAINING,
) -> None:
    """Export cases for training: the record without identity, what was found, and how the traveller was chosen.

    Who was not looked at is a case without outcome, never one without findings. What was erased, has expired or was
    corrected is left out and counted. What readers at the desk thought of reasons comes along as evidence, and makes no
    outcome; staff are keyed hashes. That you did this goes on record before anything is read.
    """
    with opened_services() as services:
        caller = person(services, key, Action.CASES_EXPORT)
        stated = services.purposes.check(caller, purpose.value)
        window = Window(
            since.replace(tzinfo=UTC),
            services.clock() if until is None else until.replace(tzinfo=UTC),
            audience,
            masked=masked,
        )
        if window.until <= window.since:
            raise ServiceError("The window is empty: --until lies after --since.")
        told = Exported()
        with open_cases(out) as file:
            _put_on_record(services, caller, stated, window)
            for rows in cases(window, _sources(services), services.secret, told):
                file.write(rows)
    left = told.left_out
    what = (
        f"{told.cases:,} cases, {told.inspected:,} with an outcome, {told.drawn:,} drawn at random,"
        f" {told.read:,} read at the desk: {out}"
    )
    rest = (
        f"Left out: {left.masked:,} masked, {left.gone:,} erased or expired, {left.corrected:,} corrected,"
        f" {left.not_scored:,} not scored, {left.other_audience:,} for another audience."
    )
    for line in (what, rest):
        OUT.print(line, highlight=False, soft_wrap=True)
    ERR.print(_PERSONAL, style="yellow", soft_wrap=True)


def _sources(services: Services) -> Sources:
    return Sources(
        StoredCases(services.engine, services.subject_keys),
        services.outcome_store,
        partial(events_of, services.engine, services.subject_keys),
    )


def _put_on_record(services: Services, caller: Principal, purpose: Purpose, window: Window) -> None:
    """Check the audience, and note who takes which cases for what.

    Raises:
        PermissionDeniedError: where the caller lacks the audience.
    """
    if window.audience not in caller.audiences:
        raise PermissionDeniedError(
            f"This needs the right 'audience:{window.audience.value}' beside 'cases:export'; ask the operator for it."
        )
    services.journal.append(
        Kind.ACCESS,
        {
            "audience": window.audience.value,
            "by": caller.name,
            "key_id": caller.key_id,
            "purpose": purpose.value,
            "since": iso(window.since),
            "until": iso(window.until),
            "what": "export-cases",
        },
    )
