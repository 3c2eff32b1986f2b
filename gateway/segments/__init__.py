"""Reading results: segments above the disclosure floor, and one subject's memberships."""
