"""Our signatures, read by implementations that are not ours."""
