"""Our figures beside those of the NestJS peer, from one run on one machine: `make bench`.

How to repeat it, what is measured and what fair play means here: `docs/benchmarks.md`.
"""
