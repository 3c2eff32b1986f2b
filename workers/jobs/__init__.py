"""One unit of work each: read, compute, write, audit; no Celery."""
