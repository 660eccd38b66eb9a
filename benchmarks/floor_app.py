"""The floor: routes of the same framework that validate the same body and say always the same, computing nothing.

Started by ``score_http.py`` as ``uvicorn floor_app:app``; the answer that they repeat comes from the service itself.
"""

import os
from pathlib import Path

from fastapi import FastAPI, Request
from usual_record import UsualRecord

from features.record import TravellerRecord
from riskapi.schemas import ScoreAnswer

ANSWER = ScoreAnswer.model_validate_json(Path(os.environ["FLOOR_ANSWER"]).read_bytes())
app = FastAPI()


@app.post("/v1/scores")
async def score(record: UsualRecord) -> ScoreAnswer:  # type: ignore[valid-type]  # made at run time
    """Validate the body as the framework's users do: a model in, a model out."""
    del record
    return ANSWER


@app.post("/v1/scores/from-bytes")
async def score_from_bytes(request: Request) -> ScoreAnswer:
    """Validate the body's bytes, as the service does."""
    TravellerRecord.model_validate_json(await request.body())
    return ANSWER
