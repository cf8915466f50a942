"""How long an inference takes: arrays of times in, intervals out."""
