"""scopeflow."""
