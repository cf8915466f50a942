"""Which data it is: fingerprints, the manifest of files, seeded subsets."""
