# One image for every process: the web, the workers, the beat and the one-shot that migrates. No secret is ever baked in.
# What is installed is what requirements.lock names, and its hashes are checked.

FROM python:3.11-slim AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
WORKDIR /build
COPY requirements.lock pyproject.toml README.md ./
RUN sed -n '/^uv==/,/[^\\]$/p' requirements.lock > uv.lock \
 && pip install --no-cache-dir --disable-pip-version-check --require-hashes -r uv.lock
# The lock also holds the tools of development: as constraints it pins what the product asks for and installs nothing else.
RUN python -m venv --without-pip /opt/touchpoint \
 && uv pip install --python /opt/touchpoint --constraints requirements.lock -r pyproject.toml
COPY orchestrator orchestrator
COPY workers workers
RUN uv pip install --python /opt/touchpoint --no-deps --build-constraints requirements.lock .

FROM python:3.11-slim
ENV PATH=/opt/touchpoint/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TOUCHPOINT_PLAYBOOKS=/srv/touchpoint/playbooks
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin touchpoint \
 && install -d -o touchpoint -g touchpoint /var/lib/touchpoint
COPY --from=build /opt/touchpoint /opt/touchpoint
WORKDIR /srv/touchpoint
COPY LICENSE NOTICE ./
COPY playbooks playbooks
USER touchpoint
EXPOSE 8000
# Of the web; docker-compose.yml gives the other processes their own.
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=4 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["touchpoint", "serve", "--web-only"]
