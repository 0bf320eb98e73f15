# The data directory: where it is, whose it is, and what was asked for when it was started.

# Print the absolute path of directory $1, made if it is missing, without symbolic links: it names the instance.
data_directory() {
    local directory
    refuse_odd_name "$1"
    directory=$(mkdir -p "$1" && cd "$1" && pwd -P) || die "cannot make or enter the data directory $1"
    refuse_odd_name "$directory"
    printf '%s' "$directory"
}

# Blanks, quotes, commas and the like mean something in Nginx's, Postgres's or the supervisor's configuration.
refuse_odd_name() {
    [[ $1 != *[[:space:]\"\'\\,\$%\;{}#]* ]] ||
        die "choose a path without blanks, quotes or any of , \$ % ; { } # \\ instead of: $1"
}

# Two starts of one directory at the same time would trip over each other: the second one waits for the first.
lock_data() {
    ! have flock || { exec 9<"$DATA" && flock --timeout 300 9; } || die "another deploy/up is busy with $DATA"
}

unlock_data() { exec 9<&-; }

# Directory $1 belongs to the account from now on. Only the directory itself and Sluice's own places in it change hands.
hand_over() {
    [[ $EUID -eq 0 ]] || return 0
    local place
    for place in "$1" "$1"/{imports,sluice.toml}; do
        [[ ! -e $place || -L $place || $(stat -c %U "$place") != root ]] || chown "$ACCOUNT:" "$place"
    done
    let_account_reach "$1"
}

# Keep the SLUICE_ variables of this start, so that `sluice --data DIR` sees the settings that the programs run with.
# The first password and the programs' own two are none of them.
remember_environment() {
    settings_variables |
        as_account sh -c 'umask 077 && mkdir -p "$1/run" && cat >"$1/run/environment"' - "$DATA"
}

settings_variables() { env | grep '^SLUICE_' | grep -v -E '^SLUICE_(DATA|RUN|ADMIN_PASSWORD)=' || true; }

# Set RUN, PORT_NUMBER, DOOR_NUMBER, URL, ADMIN, FINGERPRINT, PRIVATE_POSTGRES and PRIVATE_REDIS from the effective settings.
read_settings() {
    local settings
    settings=$(sluice config show --shell) || die "the settings of $DATA cannot be used (see above)."
    eval "$settings"
}

sluice() { as_account "$VENV/bin/sluice" --data "$DATA" "$@"; }
