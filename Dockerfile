# syntax=docker/dockerfile:1
# The scoring service alone: no training library is in the image. Models arrive as approved bundles.

FROM python:3.11-slim-bookworm AS build
COPY requirements-service.lock /tmp/
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: -r /tmp/requirements-service.lock \
 && /opt/venv/bin/pip uninstall --yes --quiet setuptools pip

FROM python:3.11-slim-bookworm
RUN useradd --system --uid 10001 --create-home --home-dir /srv riskapi \
 && install -d -o riskapi -g riskapi -m 0700 /srv/var
COPY --from=build /opt/venv /opt/venv
WORKDIR /srv
COPY LICENSE ./
COPY features features
COPY models models
COPY riskapi riskapi
RUN /opt/venv/bin/python -m compileall -q features models riskapi
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    RISKAPI_HOST=0.0.0.0 RISKAPI_PORT=8000 RISKAPI_DATABASE_URL=sqlite:////srv/var/riskapi.db
USER 10001:10001
# Decisions live here; RISKAPI_SECRET_KEY and RISKAPI_TRUSTED_SIGNERS come from the environment, never from the image.
VOLUME /srv/var
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f\"http://127.0.0.1:{os.environ['RISKAPI_PORT']}/health/live\", timeout=2)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "riskapi"]
CMD ["serve"]
