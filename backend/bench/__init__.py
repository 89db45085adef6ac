"""Benchmarks: `make bench`. Every figure stands beside the baseline of the same run."""
