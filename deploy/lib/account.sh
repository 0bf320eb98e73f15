# The one unprivileged account that everything runs as: the caller's own, or `sluice` where root starts it.

# Set ACCOUNT.
choose_account() {
    ACCOUNT=$(id -un)
    [[ $EUID -eq 0 ]] || return 0
    ACCOUNT=sluice
    id sluice >/dev/null 2>&1 || make_account
}

make_account() {
    say "making the system account sluice"
    useradd --system --user-group --home-dir /nonexistent --shell /usr/sbin/nologin sluice
}

# The same for a data directory: root keeps to the owner of one that is somebody's already.
choose_account_for() {
    choose_account
    if [[ $EUID -ne 0 ]]; then
        [[ -w $1 ]] || die "$1 belongs to somebody else; start it as its owner or as root"
    elif [[ $(stat -c %u "$1") -ne 0 ]] && id "$(stat -c %U "$1")" >/dev/null 2>&1; then
        ACCOUNT=$(stat -c %U "$1")
    fi
}

# Run a command as that account; nothing of root's is left in it but the environment.
as_account() {
    if [[ $ACCOUNT == "$(id -un)" ]]; then
        "$@"
    else
        setpriv --reuid "$ACCOUNT" --regid "$(id -gn "$ACCOUNT")" --init-groups \
            env HOME=/nonexistent USER="$ACCOUNT" "$@"
    fi
}

# Let the account reach directory $1 and read what is in it (clones made by `mktemp -d` or under /root are closed to
# others). Exactly this account is let in, by ACL; modes and owners stay as they are.
let_account_read() {
    [[ $EUID -eq 0 ]] || return 0
    let_account_reach "$1"
    [[ -n $(first_unreadable "$1") ]] || return 0
    say "letting the account $ACCOUNT read $1 (setfacl -R -m u:$ACCOUNT:rX)"
    # The default entry covers what a later pull or install brings.
    set_acl -R -m "u:$ACCOUNT:rX,d:u:$ACCOUNT:rX" "$1"
}

let_account_reach() {
    local directory=$1 closed=()
    while [[ $directory != / ]]; do
        as_account test -x "$directory" || closed+=("$directory")
        directory=$(dirname "$directory")
    done
    [[ ${#closed[@]} -eq 0 ]] || open_directories "${closed[@]}"
}

# A directory below a closed one looks closed too: go from the top, and open only what still is.
open_directories() {
    local number
    for ((number = $#; number > 0; number--)); do
        as_account test -x "${!number}" && continue
        say "letting the account $ACCOUNT through ${!number} (setfacl -m u:$ACCOUNT:--x)"
        set_acl -m "u:$ACCOUNT:--x" "${!number}"
    done
}

first_unreadable() {
    (cd / && as_account find "$1" \( -name .git -o -name node_modules -o -name .pytest_cache \) -prune \
        -o ! -readable -print -quit -o -type d ! -executable -print -quit 2>/dev/null) || echo "$1"
}

set_acl() {
    setfacl "$@" || die "the account $ACCOUNT cannot read ${*: -1} and the file system takes no ACL there:" \
        "move it to a place that others can read, such as /opt or /srv."
}
