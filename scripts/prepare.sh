#!/usr/bin/env bash
# Makes sure that a build can succeed, and says in one line what is missing when it cannot.
#   prepare.sh build      Rust with rustfmt and clippy, a C compiler for the bundled SQLite, disk space
#   prepare.sh nextest    the test runner; installed when missing
#   prepare.sh clients    what tests/clients needs: a browser, Node.js and Python with pinned packages; installed when
#                         missing, at once and without the network when all is there
# Nothing here starts a service: the tests need none.
set -euo pipefail

DISK_FREE_MIB_MIN=4096
NODE_MAJOR_MIN=18
CLIENTS=$(dirname "$0")/../tests/clients

say() { printf 'prepare: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Installs Debian packages when that is possible without asking anybody, otherwise says what to type.
install_packages() {
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        say "installing $*"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null; } ||
            fail "could not install $*: see apt-get's message above"
    else
        fail "please install first: sudo apt-get install $*"
    fi
}

check_rust() {
    command -v cargo >/dev/null ||
        fail "cargo is missing: install Rust (https://rustup.rs), then open a new shell"
    local tool
    for tool in fmt clippy; do
        cargo "$tool" --version >/dev/null 2>&1 ||
            fail "cargo $tool is missing: rustup component add rustfmt clippy"
    done
}

# The bundled SQLite is compiled from C.
check_c_compiler() {
    if [[ -n ${CC:-} ]]; then
        command -v "${CC%% *}" >/dev/null || fail "CC is set to $CC, which cannot be found: correct or unset it"
    elif ! command -v cc >/dev/null; then
        install_packages gcc libc6-dev
    fi
}

check_disk() {
    local target=${CARGO_TARGET_DIR:-target} free_mib
    mkdir -p "$target" || fail "cannot write to the build directory $target: check its owner and free space"
    free_mib=$(df -Pm "$target" | awk 'NR == 2 { print $4 }')
    ((free_mib >= DISK_FREE_MIB_MIN)) ||
        fail "only $free_mib MiB free for $target, $DISK_FREE_MIB_MIN needed: free some, or set CARGO_TARGET_DIR"
}

# Settings that a shell has for a running server would reach the servers that tests start.
check_environment() {
    local leftovers=("${!PARLANCE_@}")
    ((${#leftovers[@]} == 0)) ||
        fail "the environment configures a server: unset ${leftovers[*]}, then run the tests again"
}

check_nextest() {
    cargo nextest --version >/dev/null 2>&1 && return
    say "installing cargo-nextest, once and for a few minutes"
    cargo install --quiet --locked cargo-nextest ||
        fail "could not install cargo-nextest: see Cargo's message above"
}

has() { command -v "$1" >/dev/null; }
has_browser() { has chromium || has chromium-browser || has google-chrome; }
has_python() { has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }

# What an installation is made from. It carries this as a mark from its end on, so that half an installation, or one
# of other versions, is made again.
node_mark() { sha256sum <"$CLIENTS/package-lock.json"; }
python_mark() { python3 --version && sha256sum <"$CLIENTS/requirements.txt"; }
marked() { [[ -e $1/.mark && $(<"$1/.mark") == "$2" ]]; }
has_node_packages() { marked "$CLIENTS/node_modules" "$(node_mark)"; }
has_python_packages() { [[ -x $CLIENTS/.venv/bin/python ]] && marked "$CLIENTS/.venv" "$(python_mark)"; }

clients_ready() {
    has_browser && has node && has npm && has_python && has_node_packages && has_python_packages
}

install_programs() {
    local packages=()
    has_browser || packages+=(chromium)
    has node && has npm || packages+=(nodejs npm)
    has_python || packages+=(python3 python3-venv)
    ((${#packages[@]} == 0)) || install_packages "${packages[@]}"
    local major
    major=$(node --version | sed 's/^v//; s/\..*//')
    ((major >= NODE_MAJOR_MIN)) || fail "Node.js $(node --version) is too old: install version $NODE_MAJOR_MIN or newer"
}

install_node_packages() {
    has_node_packages && return
    say "installing the Node.js packages of tests/clients"
    (cd "$CLIENTS" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null) ||
        fail "could not install the Node.js packages of tests/clients: see npm's message above"
    node_mark >"$CLIENTS/node_modules/.mark"
}

install_python_packages() {
    has_python_packages && return
    say "installing the Python packages of tests/clients"
    local venv=$CLIENTS/.venv
    { python3 -m venv --clear "$venv" &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: \
            --requirement "$CLIENTS/requirements.txt"; } ||
        fail "could not install the Python packages of tests/clients: see the message above"
    python_mark >"$venv/.mark"
}

# Two runs that start at once, in any two checkouts, wait for each other: apt-get does not.
check_clients() {
    clients_ready && return
    if has flock; then
        exec 9>"${TMPDIR:-/tmp}/parlance-prepare-$(id -u).lock"
        flock 9
    fi
    install_programs
    install_node_packages
    install_python_packages
}

case ${1:-} in
    build)
        check_rust
        check_c_compiler
        check_disk
        ;;
    nextest)
        check_environment
        check_nextest
        ;;
    clients) check_clients ;;
    *) fail "say what for: build, nextest or clients" ;;
esac
