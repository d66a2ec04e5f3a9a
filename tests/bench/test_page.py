"""The page of results is written section by section."""

from pathlib import Path

from tests.bench.page import put, table


def test_a_section_is_replaced_and_the_others_stay_as_they_were_measured(tmp_path: Path) -> None:
    page = tmp_path / "RESULTS.md"
    put("Questions", ["asked once"], page)
    put("Events", ["told once"], page)
    put("Questions", ["asked again"], page)
    text = page.read_text(encoding="utf-8")
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        "# Measured",
        "## Questions",
        "## Events",
    ]
    assert ("asked once" in text, "asked again" in text, "told once" in text) == (False, True, True)


def test_figures_stand_on_the_right_of_words() -> None:
    assert table(("who", "how many"), [("we", "3")], words=1) == [
        "| who | how many |",
        "| --- | ---: |",
        "| we | 3 |",
    ]
