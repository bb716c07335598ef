# Builds from the package index, or without it from a folder of wheels inside the build context:
#   pip wheel '.[all]' --wheel-dir wheels && docker build --build-arg WHEELS=wheels -t decapolis .
# Runs as an ordinary user, on a read-only root, with its data under /data:
#   docker run --read-only --tmpfs /tmp -v decapolis:/data -p 127.0.0.1:8081:8081 -e DECAPOLIS_ACCESS=open decapolis
ARG PYTHON_IMAGE=python:3.12-slim

FROM ${PYTHON_IMAGE} AS build
ARG WHEELS=""
WORKDIR /source
COPY . .
# the wheels stay behind in this stage
RUN python3 -m venv /opt/decapolis \
 && if [ -n "$WHEELS" ]; \
    then /opt/decapolis/bin/pip install --no-cache-dir --no-index --find-links "$WHEELS" 'decapolis[all]'; \
    else /opt/decapolis/bin/pip install --no-cache-dir '.[all]'; \
    fi

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="Decapolis" \
      org.opencontainers.image.description="One door to every schema registry" \
      org.opencontainers.image.licenses="Apache-2.0"
# a fixed number, so that volumes and security policies can name it
RUN groupadd --gid 10001 decapolis \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin decapolis \
 && install --directory --owner=10001 --group=10001 --mode=0750 /data
COPY --from=build /opt/decapolis /opt/decapolis
# DECAPOLIS_ACCESS is not set: whoever starts the image says whether everybody who reaches the port may change everything
ENV PATH=/opt/decapolis/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    DECAPOLIS_IN_CONTAINER=1 \
    DECAPOLIS_HOST=0.0.0.0 \
    DECAPOLIS_PORT=8081 \
    DECAPOLIS_STORE=sqlite:////data/decapolis.db
USER 10001:10001
WORKDIR /data
EXPOSE 8081
# with TLS at the listener give a check of your own that trusts its certificate
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["python3", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ['DECAPOLIS_PORT'] + '/health/ready', timeout=2)"]
ENTRYPOINT ["decapolis"]
CMD ["serve"]
