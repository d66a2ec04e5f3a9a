"""Items and columns: codecs and mappings, pure."""
