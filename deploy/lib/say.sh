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
