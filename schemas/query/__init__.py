"""The query grammar and its semantics: parse, bind, render, evaluate."""
