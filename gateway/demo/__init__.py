"""A made-up French web shop, and the story its traffic tells."""
