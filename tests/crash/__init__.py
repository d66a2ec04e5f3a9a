"""The crash harness, `make crash RUNS=n SEED=s`: real processes killed at every step, and proof that nothing was lost.

A run is a small world of its own: the workshop's tables (`tests/workshop.py`) in a database of either kind, captured;
writers that are processes, with plain SQL, on a few hot records; and one relay after another, each with a trap: a point
of its work (`points`), met for the n-th time, at which it kills itself by SIGKILL, stops itself (SIGSTOP, until another
relay has taken over), or loses its connection to the broker with an answer under way. The product knows nothing of it:
a relay here is the product's own parts, put together by `relay_process`, with the seams between them watched (`seams`).
Writers die too, the database's server crashes, the disk is full (`disk`), the broker hangs, stops or is killed, and
clocks jump (`troubles`); the department alters its table and mends it (`altering`). In some of the runs its contracts
gain items on the way, and relays by both, some at once, tell by either (`contracts`); in others the database goes back
to a copy of itself, as after a failover that lacked the end, or to a backup (`going_back`). People take snapshots,
reconcile, and let deletes go that are held (`persons`); and a `subscriber`, killed as well, keeps a copy of one topic.

What is true is what the writers' own ledger says (`ledger`): every statement of theirs notes, in the same transaction,
how it left each record. In the end, with a last relay that lives in peace, `findings` compares all that the topics hold
with the ledger and with the tables.

Everything that a run does follows from seed and number (`scenario`), but for the moment at which one process overtakes
another; so `--only i` repeats run i as nearly as real processes allow, by the same harness: one that has learnt more
makes other runs of the same seed. `bugs` are mistakes that the harness must find.
"""
