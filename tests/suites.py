"""Every suite of algorithms, as what tests run through; one whose extra is not installed is skipped."""

from importlib.util import find_spec

import pytest

from schemas.trust.suites import SM2, SUITES

#: Those by which keys can be made here.
INSTALLED = [one for one in SUITES.values() if one is not SM2 or find_spec("gmssl_pyx") is not None]
#: On what needs SM2 itself.
needs_sm2 = pytest.mark.skipif(SM2 not in INSTALLED, reason="the extra `sm` is not installed")
#: Parameters of a fixture or a test, one `Suite` each.
EACH_SUITE = [
    pytest.param(one, marks=[needs_sm2] if one is SM2 else [], id=one.name) for one in SUITES.values()
]


def by_each_suite(fixture: str) -> pytest.MarkDecorator:
    """The test once by each suite, which `fixture` is given as its `param`."""
    return pytest.mark.parametrize(fixture, EACH_SUITE, indirect=True)
