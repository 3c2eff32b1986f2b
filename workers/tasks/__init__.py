"""Celery shells: each a few lines over a job, with a batch number at most as its argument."""
