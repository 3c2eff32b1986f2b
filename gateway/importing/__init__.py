"""Files of events through the same pipeline as requests: resumable, and only with consent stated."""
