"""PostgreSQL's `like` patterns as SQLite's GLOB, which sees case as they do; called by `shapes`."""

#: The longest pattern that both databases take, with room for what GLOB needs more.
LONGEST = 16_000

_WILD = {"%": "*", "_": "?"}
_LITERAL = {"*": "[*]", "?": "[?]", "[": "[[]"}


def globbed(pattern: str) -> str:
    """`%` is `*`, `_` is `?`, and a character behind a backslash is itself."""
    said: list[str] = []
    escaped = False
    for char in pattern:
        if not escaped and char == "\\":
            escaped = True
            continue
        said.append(_LITERAL.get(char, char) if escaped else _WILD.get(char) or _LITERAL.get(char, char))
        escaped = False
    return "".join(said)
