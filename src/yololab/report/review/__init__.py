"""The labels that are suspected to be wrong, for people: as rows, as a page."""
