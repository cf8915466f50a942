"""What people read of a run: report.html, one self-contained page, and comparison.md for a pull request."""
