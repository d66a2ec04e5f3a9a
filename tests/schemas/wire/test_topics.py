"""Topic names: read back as written, and nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.wire.topics import Audience, Topic

_WORDS = st.from_regex(r"[a-z][a-z0-9_]{0,10}", fullmatch=True)
_TOPICS = st.builds(
    Topic,
    _WORDS,
    st.from_regex(r"[0-9]{6}", fullmatch=True),
    st.builds("{}.{}".format, _WORDS, _WORDS),
    st.integers(1, 99),
    st.sampled_from(Audience),
)


@given(_TOPICS)
def test_a_name_is_read_back(topic: Topic) -> None:
    assert Topic.parse(str(topic)) == topic
    assert len(str(topic)) <= 249


def test_a_name_as_it_is_written() -> None:
    topic = Topic("dev", "330203", "market_regulation.enterprises", 1, Audience.PUBLIC)
    assert str(topic) == "dev.330203.market_regulation.enterprises.v1.public"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "dev.330203.harbour.boats.v1",
        "dev.330203.harbour.boats.v1.public.x",
        "dev.330203.harbour.boats.1.public",
        "dev.330203.harbour.boats.v01.public",
        "dev.330203.harbour.boats.v0.public",
        "dev.330203.harbour.boats.v-1.public",
        "dev.330203.harbour.boats.v１.public",
        "dev.330203.harbour.boats.v1.secret",
        "dev.33020.harbour.boats.v1.public",
        "dev.330203.harbour..v1.public",
        ".330203.harbour.boats.v1.public",
        "Dev.330203.harbour.boats.v1.public",
        "dev.330203.harbour.boats.v1.public\n",
        "__consumer_offsets",
    ],
)
def test_another_name_is_no_topic_of_ours(name: str) -> None:
    with pytest.raises(ValueError, match=r"topic is|not a valid Audience"):
        Topic.parse(name)
