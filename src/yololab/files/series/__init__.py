"""Series that cannot be cut unseen: chains of hashes, kept in the records of what they are about as well."""
