# The pseudonymous side only: the packages that know a person are not in this image.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/venv
RUN pip install --no-cache-dir uv==0.13.9 && useradd --system --no-create-home paravent
WORKDIR /srv/paravent
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --no-install-project
COPY policies/ policies/
COPY workers/ workers/
USER paravent
ENTRYPOINT ["/opt/venv/bin/python", "-m", "workers.main"]
CMD ["worker"]
