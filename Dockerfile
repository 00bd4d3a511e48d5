# The data API. `infra` reads the COPY lines: the files that they name make the tag of an image that is built here.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /build

# The dependencies are compiled in a layer of their own, which is built anew only when a manifest or the lock file changes.
# The other members of the workspace are manifests with an empty library: without them the lock file does not fit.
COPY Cargo.toml Cargo.lock ./
COPY infra/Cargo.toml infra/
COPY sandbox/Cargo.toml sandbox/
COPY service/Cargo.toml service/build.rs service/
RUN mkdir infra/src sandbox/src service/src \
    && touch infra/src/lib.rs sandbox/src/lib.rs service/src/lib.rs \
    && cargo build --release --locked --package service

COPY service/src service/src
# Cargo compares times, and a copied file may be older than the empty one that was compiled.
RUN find service/src -type f -exec touch {} + \
    && cargo build --release --locked --package service

# The C library, certificates and time zones; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/service /usr/local/bin/service
USER 65532:65532
EXPOSE 5000
ENTRYPOINT ["/usr/local/bin/service"]
