# The image of migrascope: the program, certificates, licences, and nothing else; no shell and no package manager.
# docs/deploy.md tells how it is used, scripts/try-image builds and runs it.
#
#   docker build --tag migrascope:dev .
#   docker run --rm --read-only --volume "$PWD/migrations:/srv/migrations:ro" --env DATABASE_URL migrascope:dev up
#
# A second build takes crates and whatever has not changed from the two caches below.

# A release names it by its digest: docs/deploy.md.
ARG RUST_IMAGE=rust:1.95.0-slim-bookworm

FROM ${RUST_IMAGE} AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY .cargo .cargo
COPY src src
# In the label migrascope_revision of migrascope_build_info.
ARG REVISION=unknown
# Static, with glibc: its resolver reads /etc/hosts and asks DNS by itself, and the final image needs no library. With --target,
# the flags are for the program alone and not for build scripts and macros, which cannot be static. No path of the build is in the
# program; where the compiler's image has cargo-auditable, the list of its crates is.
RUN --mount=type=cache,id=migrascope-registry,target=/usr/local/cargo/registry \
    --mount=type=cache,id=migrascope-target,target=/build/target \
    target=$(rustc --print host-tuple) \
    && prefixes="--remap-path-prefix=${CARGO_HOME:-/usr/local/cargo}=/cargo --remap-path-prefix=/build=/migrascope" \
    && if command -v cargo-auditable >/dev/null; then auditable=yes; fi \
    && MIGRASCOPE_REVISION=$REVISION RUSTFLAGS="-C target-feature=+crt-static $prefixes" \
        cargo ${auditable:+auditable} build --release --locked --bin migrascope --target "$target" \
    && mkdir -p /image/usr/local/bin \
    && cp "target/$target/release/migrascope" /image/usr/local/bin/
COPY LICENSE-APACHE LICENSE-MIT /image/usr/share/doc/migrascope/
# The user has a name, because the journal records who has migrated.
RUN mkdir -p /image/etc/ssl/certs \
    && cp /etc/ssl/certs/ca-certificates.crt /image/etc/ssl/certs/ \
    && echo 'migrascope:x:65532:65532::/srv:/sbin/nologin' >/image/etc/passwd \
    && echo 'migrascope:x:65532:' >/image/etc/group

FROM scratch AS runtime
ARG VERSION=0.1.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
LABEL org.opencontainers.image.title="migrascope" \
    org.opencontainers.image.description="Observability-first database migration runner" \
    org.opencontainers.image.licenses="MIT OR Apache-2.0" \
    org.opencontainers.image.source="https://github.com/migrascope/migrascope" \
    org.opencontainers.image.documentation="https://github.com/migrascope/migrascope/blob/main/docs/deploy.md" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.revision="${REVISION}" \
    org.opencontainers.image.created="${CREATED}"
COPY --from=build /image/ /
# By number: Kubernetes' runAsNonRoot cannot look names up.
USER 65532:65532
# Migrations are in /srv/migrations, own health checks in /srv/checks, settings in /srv/migrascope.toml.
WORKDIR /srv
# Only the user who starts the container mounts anything there, with the owners of the host.
ENV MIGRASCOPE_SAFE_DIRECTORY=/srv
# What serve and --listen answer on; by default only inside the container, see docs/serve.md.
EXPOSE 9564
ENTRYPOINT ["/usr/local/bin/migrascope"]
CMD ["--help"]

# For containers that only serve.
FROM runtime AS serve
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD ["/usr/local/bin/migrascope", "probe"]
CMD ["serve", "--listen", "0.0.0.0:9564"]

# What is built where no target is named: it migrates, and must not be killed for being busy.
FROM runtime
