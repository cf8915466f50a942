"""Which labels are wrong: suspects, each with the probability that it is one, from the records of an evaluation."""
