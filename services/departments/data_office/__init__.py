"""The data office: sharing requests, correction requests and the catalogue's life, each step a record."""
