"""SQLite through APSW: schema and migrations, the commit, the readers, the leader's lock. It knows the domain only."""
