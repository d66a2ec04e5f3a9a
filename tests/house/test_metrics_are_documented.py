"""Rule: every metric stands in deploy/README.md, in the words in which the code tells it, and no other does."""

import re

from services.departments.data_office import alarms
from services.engine.api.metrics import GAUGES
from tests.house import tree

_ROW = re.compile(r"^\| `(langqiao_\w+)` \| (.+?) \| (.+?) \|$", re.MULTILINE)


def test_the_table_of_metrics_and_the_code_agree() -> None:
    page = (tree.ROOT / "deploy/README.md").read_text(encoding="utf-8")
    told = {(one.name, "`dataset`" if one.by_dataset else "–", one.meaning) for one in GAUGES}
    for name, (labels, meaning) in alarms.METRICS.items():
        told.add((name, ", ".join(f"`{one}`" for one in labels), meaning))
    assert set(_ROW.findall(page)) == told


def test_a_metric_is_told_in_a_sentence() -> None:
    poor = [one.name for one in GAUGES if len(one.meaning.split()) < 3 or not one.meaning.endswith(".")]
    assert poor == []
