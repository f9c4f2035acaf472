"""Many clients on a gate of several replicas while these are killed, stopped and cut
off, and a recorder that holds the API server's history against the quota."""
