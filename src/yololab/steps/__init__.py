"""What each stage of the job does: it calls the stage's pure function, shows what came out, and records it."""
