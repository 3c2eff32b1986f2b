"""Who belongs to a segment? Pure: feature values in, memberships out."""
