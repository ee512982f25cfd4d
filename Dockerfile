# signalbox with an HAProxy of its own. The binary is expected at dist/signalbox: from a release, or built there by
# `scripts/dev compile`.
ARG BASE=debian:12-slim
FROM ${BASE}
USER root
# A base that brings an haproxy keeps that one.
RUN command -v haproxy || { \
      apt-get update && \
      apt-get install -y --no-install-recommends haproxy && \
      rm -rf /var/lib/apt/lists/*; \
    }
COPY dist/signalbox /usr/local/bin/signalbox
ENTRYPOINT ["signalbox"]
CMD ["run"]
