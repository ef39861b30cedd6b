"""Hosts of other kinds, on which the pages in docs/ are followed: root.sh makes them, host.py runs them."""
