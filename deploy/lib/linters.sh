# Linters for deploy/test, each in an environment of its own: the two of Nginx are rival forks that bring the same
# command, and Ansible's has packages that nobody else needs. What belongs together is joined by "+".

LINTERS='gixy-next==0.9.0 gixy-ng==0.2.59 ansible-lint==26.10.1+ansible-core==2.19.14'

ensure_linters() {
    local linter home
    for linter in $LINTERS; do
        home=$VENV/linters/${linter%%==*}
        stamped "$home/stamp" "$linter" && continue
        say "installing $linter"
        "$VENV/bin/python" -m venv --clear "$home"
        # shellcheck disable=SC2086  # a list of packages
        attempt "pip could not install $linter." "$home/bin/python" -m pip install ${linter//+/ }
        printf '%s\n' "$linter" >"$home/stamp"
    done
}
