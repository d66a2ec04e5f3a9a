"""The made-up population: valid numbers, nobody twice, and the same person whatever the size of the world."""

from schemas.law.identifiers import check_credit_code, parse_id_number
from services.engine.synthetic.population import Size, enterprise, enterprises, person, persons

#: The first ones, those around the number at which birth dates repeat, and the last enterprise.
_NUMBERS = (*range(400), *range(19_900, 20_300), *range(39_900, 40_200), 999_999)


def test_no_two_persons_share_an_id_number_and_each_is_valid() -> None:
    found = [person(number) for number in _NUMBERS]
    assert len({one.id_number for one in found}) == len(_NUMBERS)
    for one in found:
        read = parse_id_number(one.id_number)
        assert (read.born, read.male, read.division) == (one.born, one.sex == "male", one.division)


def test_no_two_enterprises_share_a_credit_code_and_each_is_valid() -> None:
    codes = [check_credit_code(enterprise(number, Size()).credit_code) for number in _NUMBERS]
    assert len(set(codes)) == len(_NUMBERS)


def test_a_person_and_an_enterprise_stay_the_same_in_a_larger_world() -> None:
    assert list(persons(Size(1, 10))) == list(persons(Size(1, 20)))[:10]
    small, large = enterprises(Size(5, 100)), enterprises(Size(50, 100))
    assert all(one == other for one, other in zip(small, large, strict=False))


def test_every_enterprise_is_represented_by_one_of_the_residents() -> None:
    size = Size().scaled(0.01)
    assert size == Size(20, 50)
    assert all(one.representative < size.residents for one in enterprises(size))


def test_the_smallest_world_has_an_enterprise_and_a_household() -> None:
    assert Size().scaled(0) == Size(1, 3)
    assert len({one.household for one in persons(Size(1, 3))}) == 1
