"""Ratios to a limit measured in the same run; never times by themselves."""
