"""What came out: a row a trial, the ranking, the winner, the summary, the space it takes."""
