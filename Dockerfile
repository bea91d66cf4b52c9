# Parley as a container: built on Debian 12, run on Debian 12 without the tools.
#
#   docker build -t parley .
#   docker run --rm -p 8080:8080 -v parley-data:/data parley

FROM docker.io/library/debian:bookworm-slim AS build
WORKDIR /source
# What is installed changes rarely: a layer of its own, CAF included.
COPY scripts/install-dependencies scripts/install-dependencies
RUN scripts/install-dependencies build && rm -rf /var/lib/apt/lists/*
COPY CMakeLists.txt CMakePresets.json ./
COPY cmake cmake
COPY src src
COPY scripts scripts
RUN scripts/build && strip build/parley

FROM docker.io/library/debian:bookworm-slim
RUN apt-get update -qq \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
      --no-install-recommends ca-certificates librocksdb7.8 libspdlog1.10 \
      libssl3 libtomlplusplus3 \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/debconf/*-old \
      /var/log/apt /var/log/dpkg.log \
 && groupadd --gid 10001 parley \
 && useradd --uid 10001 --gid 10001 --no-log-init --no-create-home \
      --home-dir /data --shell /usr/sbin/nologin parley \
 && install -d -o parley -g parley -m 0700 /data
COPY --from=build /source/build/parley /usr/local/bin/parley
# A library that is missing above ends this build, not the first start.
RUN ["/usr/local/bin/parley", "--version"]
# By number: Kubernetes' runAsNonRoot does not look names up.
USER 10001:10001
ENV PARLEY_DATA_DIR=/data \
    PARLEY_HTTP_LISTEN=0.0.0.0:8080
VOLUME /data
EXPOSE 8080
# The program is process 1 and takes SIGTERM itself: it drains, then exits 0.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${PARLEY_HTTP_LISTEN##*:} && printf 'GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
ENTRYPOINT ["/usr/local/bin/parley"]
