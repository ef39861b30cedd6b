"""A real S3 server for tests (Ceph's), a client of its own, and a proxy that spoils what passes."""
