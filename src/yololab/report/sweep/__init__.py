"""The page of a sweep: from its summary.json and the files of its trials to HTML."""
