# What the scripts tell the person in front of them. Progress goes to stderr; stdout holds what is asked for.

say() { printf '%s\n' "· $*" >&2; }
warn() { printf '%s\n' "! $*" >&2; }

# A command that fails where nothing was ready for it must not end a script without a word.
trap 'warn "this failed: $BASH_COMMAND"' ERR

# Stop with one sentence that says what is wrong and, where there is one, the command that mends it.
die() {
    printf '%s\n' "✗ $*" >&2
    exit 1
}

# attempt SENTENCE COMMAND…: run a long command. On a terminal the newest line of its output is shown meanwhile; where
# it fails, the end of its output and the sentence are.
attempt() {
    local sentence=$1 log watcher='' failed=no
    shift
    log=$(mktemp)
    [[ ! -t 2 ]] || { show_newest_line "$log" & watcher=$!; }
    "$@" >"$log" 2>&1 || failed=yes
    [[ -z $watcher ]] || { kill "$watcher" && wait "$watcher" || true; } 2>/dev/null
    [[ -z $watcher ]] || printf '\r\033[K' >&2
    if [[ $failed == yes ]]; then
        tail -n 25 "$log" >&2
        die "$sentence (all of its output: $log)"
    fi
    rm -f "$log"
}

# Until it is killed, or the script that started it is.
show_newest_line() {
    while kill -0 $$ 2>/dev/null; do
        printf '\r\033[K  %s' "$(tail -n 1 "$1" | tr -cd '[:print:]' | cut -c1-76)" >&2
        sleep 0.5
    done
}
