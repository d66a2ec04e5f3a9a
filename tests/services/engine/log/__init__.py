"""Tests of the access log's files, its one writer, its checkpoints and what it holds of others."""
