"""The floor: a route of the same framework that validates the same body into the same record, and says always the same.

Started by ``score_http.py`` as ``uvicorn floor_app:app``; the answer that it repeats comes from the service itself.
"""

import os
from pathlib import Path

from fastapi import FastAPI, Request

from features.record import TravellerRecord
from riskapi.schemas import ScoreAnswer

ANSWER = ScoreAnswer.model_validate_json(Path(os.environ["FLOOR_ANSWER"]).read_bytes())
app = FastAPI()


@app.post("/v1/scores")
async def score(request: Request) -> ScoreAnswer:
    """Validate the body and answer a constant; nothing is computed, nothing is stored."""
    TravellerRecord.model_validate_json(await request.body())
    return ANSWER
