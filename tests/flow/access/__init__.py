"""Who may see what, asked of departments and a gateway: by cases, and by random contracts, grants and questions."""
