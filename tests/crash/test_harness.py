"""The harness itself: what is right passes, and each deliberate mistake is found within a few runs."""

import pytest

from tests.crash import bugs
from tests.crash.ground import prepared_ground
from tests.crash.run import perform
from tests.crash.scenario import EMBEDDED, POSTGRESQL, SQLITE, scenario_of

#: Within so many runs a mistake must show. Most show in the first or second.
_BOUND = 8
_SEED = 5


@pytest.mark.parametrize("store", [SQLITE, POSTGRESQL])
async def test_a_run_of_sound_relays_finds_nothing(store: str) -> None:
    with prepared_ground(EMBEDDED) as ground:
        assert (await perform(ground, scenario_of(_SEED, 0, (store,), EMBEDDED))).found == []


#: What is lacking is waited for before it is missed.
_SLOWLY_FOUND = "item-not-told"


@pytest.mark.parametrize(
    "bug",
    [pytest.param(one, marks=pytest.mark.live if one == _SLOWLY_FOUND else ()) for one in bugs.BUGS],
)
async def test_each_deliberate_mistake_is_found(bug: str) -> None:
    with prepared_ground(EMBEDDED) as ground:
        for number in range(_BOUND):
            scenario = bugs.scenario(bug, _SEED, number, (SQLITE, POSTGRESQL), EMBEDDED)
            if (await perform(ground, scenario, bug)).found:
                return
    pytest.fail(f"{bug} was not found within {_BOUND} runs")


@pytest.mark.parametrize("harmless", bugs.HARMLESS)
async def test_what_is_no_mistake_is_not_found(harmless: str) -> None:
    with prepared_ground(EMBEDDED) as ground:
        for number in range(3):
            scenario = bugs.scenario(harmless, _SEED, number, (SQLITE, POSTGRESQL), EMBEDDED)
            assert (await perform(ground, scenario, harmless)).found == []


def test_a_scenario_follows_from_seed_and_number() -> None:
    some = [scenario_of(1, number, (SQLITE, POSTGRESQL), EMBEDDED) for number in range(20)]
    again = [scenario_of(1, number, (SQLITE, POSTGRESQL), EMBEDDED) for number in range(20)]
    assert some == again
    assert len(set(some)) == 20
