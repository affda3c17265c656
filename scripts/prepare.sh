#!/usr/bin/env bash
# Makes sure that a build can succeed, and says in one line what is missing when it cannot.
#   prepare.sh build      Rust with rustfmt and clippy, a C compiler for the bundled SQLite, disk space
#   prepare.sh nextest    the test runner; installed when missing
# Nothing here starts a service: the tests need none.
set -euo pipefail

DISK_FREE_MIB_MIN=4096

say() { printf 'prepare: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Installs Debian packages when that is possible without asking anybody, otherwise says what to type.
install_packages() {
    if [[ $(id -u) -eq 0 ]] && command -v apt-get >/dev/null; then
        say "installing $*"
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@" >/dev/null; } ||
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
    *) fail "say what for: build or nextest" ;;
esac
