"""The demo's story: four acts with real calls, each checked against the departments' own tables."""
