# Nginx linters for deploy/test: two rival forks that bring the same command, so each has an environment of its own.

LINTERS='gixy-next==0.9.0 gixy-ng==0.2.59'

ensure_linters() {
    local linter home
    for linter in $LINTERS; do
        home=$VENV/linters/${linter%%==*}
        stamped "$home/stamp" "$linter" && continue
        say "installing $linter"
        "$VENV/bin/python" -m venv --clear "$home"
        attempt "pip could not install $linter." "$home/bin/python" -m pip install "$linter"
        printf '%s\n' "$linter" >"$home/stamp"
    done
}
