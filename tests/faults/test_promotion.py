import signal
import time
from dataclasses import replace

import pytest

from tests.faults.broken import MODELS_CHANGE_BADLY, place_of
from tests.faults.promotion import scene_of
from tests.faults.service import Service, free_port
from tests.faults.stored import verify


def go_through(scene, services, promotions, pause):
    """Serve under load while models change; the services have stopped afterwards."""
    try:
        for service in services:
            service.start()
        for service in services:
            service.wait_ready()
        with scene.load(services):
            scene.promote(promotions, pause)
            time.sleep(0.2)
        assert [service.stop() for service in services] == [-signal.SIGTERM] * len(services)
    finally:
        for service in services:
            service.kill()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_r7_models_change_under_load_and_every_decision_names_what_was_live(kind, request, tmp_path, full, figures):
    """Approvals and ways back while sixteen clients ask: one live set a request, none dropped, none refused."""
    changes = {"writer_process": full}
    if kind == "postgresql":
        if not full:
            pytest.skip("runs with RISKAPI_FAULTS=full")
        server = request.getfixturevalue("postgres_server")
        changes |= {"database_url": server.new_store(), "keys_url": server.new_database()}
    scene = scene_of(Service(tmp_path, changes))
    services = [scene.service]
    if kind == "postgresql":
        services.append(replace(scene.service, port=free_port()))
    promotions = 100 if full else 10
    go_through(scene, services, promotions, pause=0.05)
    assert scene.what_is_wrong() == {}
    assert len(scene.promotions.steps) == promotions + 1
    sets = {told.digests for told in scene.decided}
    assert len(sets) > 3
    if full:
        assert verify(scene.service) == ""
    figures(
        f"{kind}: {promotions} approvals under load, {len(services)} service(s): {len(scene.decided)} decisions by "
        f"{len(sets)} sets of models, each live then, 0 requests failed"
    )


def test_changes_of_models_that_go_wrong_are_noticed(tmp_path, figures):
    """The control: models that follow late, change within a request or are away for a moment are each found."""
    places = [place_of(tmp_path, MODELS_CHANGE_BADLY)]
    scene = scene_of(Service(tmp_path, {"writer_process": False}, places=places))
    go_through(scene, [scene.service], 6, pause=0.05)
    found = scene.what_is_wrong()
    assert {"failed", "not live then", "requests with several sets of models"} <= found.keys()
    assert any("no-approved-model" in failure for failure in found["failed"])
    figures(
        f"control that changes models badly: {found['not live then']} decisions by models that were not live, "
        f"{found['requests with several sets of models']} batches by several, {sum(found['failed'].values())} failed"
    )
