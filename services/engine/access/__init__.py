"""The one access stage: who calls, and what they may have; nothing else in the engine decides this."""
