# .venv: Debian's Python with the packages that setup.cfg names.

VENV=$REPO/.venv

# Install the package (with extras $1, such as "[test]") into .venv, unless that very setup.cfg is in it already.
ensure_python() {
    local wanted
    wanted=$(checksum "$REPO/setup.cfg" "$REPO/pyproject.toml")
    if venv_runs && stamped "$VENV/stamp$1" "$wanted"; then return 0; fi
    if [[ $INSTALL == no ]]; then use_venv_as_it_is; return 0; fi
    ensure_packages "$BUILD_NEEDS"
    venv_runs || make_venv
    say "installing the Python packages into .venv"
    attempt "pip could not install the Python packages." "$VENV/bin/python" -m pip install --editable "$REPO$1"
    printf '%s\n' "$wanted" >"$VENV/stamp$1"
    # Extras come on top of the plain install.
    printf '%s\n' "$wanted" >"$VENV/stamp"
}

use_venv_as_it_is() {
    [[ -x $VENV/bin/sluice ]] || die "$VENV is missing. Make it with: deploy/up (without --no-install)"
    warn ".venv is older than setup.cfg; deploy/up without --no-install brings it up to date"
}

make_venv() {
    local python
    python=$(best_python)
    say "making .venv with $python"
    "$python" -m venv --clear "$VENV" ||
        die "$python could not make $VENV. On Debian: sudo apt-get install python3-venv"
}

# A Python under somebody's home (pyenv, uv) works for its owner only: .venv/bin/python must run as the account.
venv_runs() {
    [[ -x $VENV/bin/python ]] && venv_python_reachable && "$VENV/bin/python" -c 'import pip' 2>/dev/null
}
venv_python_reachable() { (cd / && as_account test -x "$(readlink -f "$VENV/bin/python")"); }

best_python() {
    local candidates
    candidates=$(python_candidates)
    printf '%s' "${candidates%%$'\n'*}"
}

# Every Python >= 3.11 that can make a venv and that the account can run, best first.
python_candidates() {
    local python
    for python in /usr/bin/python3 python3 python3.14 python3.13 python3.12 python3.11; do
        if python=$(command -v "$python") && python_fits "$python"; then printf '%s\n' "$python"; fi
    done
}

python_fits() {
    (cd / && as_account "$1" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))') >/dev/null 2>&1
}

stamped() { [[ -e $1 && $(<"$1") == "$2" ]]; }
checksum() { cat "$@" | openssl dgst -sha256 -r | cut -d' ' -f1; }
