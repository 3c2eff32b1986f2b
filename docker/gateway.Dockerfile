# The edge: the only image that holds both sides, and the only one that is given a key.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/venv
RUN pip install --no-cache-dir uv==0.13.9 && useradd --system --no-create-home paravent
WORKDIR /srv/paravent
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project --extra fast
COPY policies/ policies/
COPY workers/ workers/
COPY pseudonymizer/ pseudonymizer/
COPY gateway/ gateway/
USER paravent
EXPOSE 8000
ENTRYPOINT ["/opt/venv/bin/python", "-m", "gateway.main"]
