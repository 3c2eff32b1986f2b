"""Files of events through the same pipeline as requests: resumable, with consent stated."""
