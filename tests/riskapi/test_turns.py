import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from features.examples import EXAMPLE_RECORD
from riskapi.app import create_app
from riskapi.errors import InvalidBodyError
from riskapi.services import Services
from riskapi.turns import AT_ONCE_MAX, Turns
from tests.riskapi.makers import bearer, go_live, make_key, settings


def gathered(items, work):
    """Add items in one turn of a loop; gives what each became, and the sizes of what was worked through together."""
    sizes = []

    def watched(some):
        sizes.append(len(some))
        return work(some)

    async def whole():
        turns = Turns(watched)
        return await asyncio.gather(*map(turns.add, items), return_exceptions=True)

    return asyncio.run(whole()), sizes


def test_each_gets_its_own_result_and_what_comes_together_goes_together():
    """Results go to those who asked, in turns of a bounded size."""
    found, sizes = gathered(range(AT_ONCE_MAX * 2 + 3), lambda some: [one * 10 for one in some])
    assert found == [one * 10 for one in range(AT_ONCE_MAX * 2 + 3)]
    assert sizes == [AT_ONCE_MAX, AT_ONCE_MAX, 3]


def test_error_is_raised_to_the_one_whose_it_is():
    """An item that fails costs the others nothing; work that fails as a whole is told to all of its turn."""
    found, _ = gathered(range(4), lambda some: [InvalidBodyError([]) if one == 2 else one for one in some])
    assert [found[at] for at in (0, 1, 3)] == [0, 1, 3]
    assert isinstance(found[2], InvalidBodyError)
    found, _ = gathered(range(3), lambda some: 1 / 0)
    assert [type(one) for one in found] == [ZeroDivisionError] * 3


def test_who_hangs_up_is_passed_over():
    """A request that was given up is worked through like the others, and told to nobody."""

    async def whole():
        turns = Turns(lambda some: some)
        kept, gone = turns.add("kept"), turns.add("gone")
        gone.cancel()
        return await kept, await turns.add("later")

    assert asyncio.run(whole()) == ("kept", "later")


@pytest.mark.parametrize("refused_every", [0, 3])
def test_requests_of_one_turn_get_their_own_answers_and_their_own_errors(tmp_path, refused_every):
    """Forty at once, about different travellers, some of them malformed: nobody gets what is another's."""
    services = Services(settings(tmp_path))
    go_live(services, "document_fraud")
    headers = bearer(make_key(services)) | {"Content-Type": "application/json"}

    async def whole():
        app = create_app(services=services)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost") as client,
        ):

            def sent(place):
                bad = refused_every and place % refused_every == 0
                facts = {"record_id": f"turn-{place}"} | ({"unknown": place} if bad else {})
                return client.post("/v1/scores", content=json.dumps(EXAMPLE_RECORD | facts), headers=headers)

            return await asyncio.gather(*map(sent, range(40)))

    with ThreadPoolExecutor(1) as pool:  # a loop of its own
        answers = pool.submit(asyncio.run, whole()).result()
    for place, answer in enumerate(answers):
        if refused_every and place % refused_every == 0:
            assert answer.status_code == 422
        else:
            assert answer.json()["record_id"] == f"turn-{place}"
    assert len({one.json().get("decision_id") for one in answers if one.status_code == 200}) == sum(
        one.status_code == 200 for one in answers
    )
