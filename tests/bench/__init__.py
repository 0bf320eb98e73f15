"""The project's benchmark: rows measured side by side in one run, as ratios. ``deploy/test bench [--json]``."""
