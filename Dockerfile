# The data API. `infra` hashes this file and the files that the COPY lines name into the image tag, and the base images are
# pinned by digest (of the index for all platforms), so equal tags mean equal inputs.
FROM rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
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
FROM gcr.io/distroless/cc-debian12:nonroot@sha256:9dac0a79194e45a7da0158a9c6da57b217585af0786db3845d1f0ec1a0dd182f
COPY --from=build /build/target/release/service /usr/local/bin/service
USER 65532:65532
EXPOSE 5000
ENTRYPOINT ["/usr/local/bin/service"]
