# What the scripts tell the person in front of them. Progress goes to stderr; stdout holds what is asked for.

say() { printf '%s\n' "· $*" >&2; }
warn() { printf '%s\n' "! $*" >&2; }

# Stop with one sentence that says what is wrong and, where there is one, the command that mends it.
die() {
    printf '%s\n' "✗ $*" >&2
    exit 1
}
