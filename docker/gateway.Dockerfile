# The edge: the only image that holds both sides, and the only one that is given a key.
FROM python:3.11-slim

# hadolint ignore=DL3064  # the folder secrets are handed over in, not one of them
ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/venv \
    PROMETHEUS_MULTIPROC_DIR=/srv/counters PARAVENT_SECRETS=/run/secrets
RUN pip install --no-cache-dir uv==0.13.9 && useradd --system --no-create-home --uid 10001 paravent \
    && install --directory --owner=paravent /srv/counters /journal
WORKDIR /srv/paravent
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project --extra fast --extra tracing
COPY policies/ policies/
COPY workers/ workers/
COPY pseudonymizer/ pseudonymizer/
COPY gateway/ gateway/
USER 10001
EXPOSE 8000
ENTRYPOINT ["/opt/venv/bin/python", "-m", "gateway.main"]
