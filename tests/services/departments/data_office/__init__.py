"""Tests of the data office: its rules as records, its addresses, and what comes of them."""
