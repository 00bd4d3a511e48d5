# The data API. `infra` hashes this file and the files that the COPY lines name into the image tag. Releases and Compose pin
# the base images by digest (release.yml, compose.yaml); a local build takes the ones that the node has, or pulls these tags.
FROM rust:1.95.0-slim-bookworm AS build
WORKDIR /build

# A separate layer caches the compiled dependencies until a manifest or the lock file changes. The other workspace members are
# manifests with an empty library, because `--locked` needs every member.
COPY Cargo.toml Cargo.lock ./
COPY engine/Cargo.toml engine/
COPY engine/core/Cargo.toml engine/core/
COPY infra/Cargo.toml infra/
COPY sandbox/Cargo.toml sandbox/
COPY service/Cargo.toml service/build.rs service/
RUN mkdir engine/src engine/core/src infra/src sandbox/src service/src \
    && touch engine/src/lib.rs engine/core/src/lib.rs infra/src/lib.rs sandbox/src/lib.rs service/src/lib.rs \
    && cargo build --release --locked --package service

COPY service/src service/src
# Cargo compares modification times, and a copied file may be older than the empty one that was compiled.
RUN find service/src -type f -exec touch {} + \
    && cargo build --release --locked --package service

# The C library, certificates and time zones; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/service /usr/local/bin/service
USER 65532:65532
EXPOSE 5000
ENTRYPOINT ["/usr/local/bin/service"]
