# Starting the programs of DATA in order, and saying why when one of them does not start.

SUPERVISOR_CONFIG=$REPO/deploy/supervisor/sluice.conf

# The programs get a clean environment: nothing of the caller's but the SLUICE_ variables (and no first password).
with_program_environment() {
    local variables=("SLUICE_DATA=$DATA" "SLUICE_RUN=$RUN") variable
    while read -r variable; do variables+=("$variable"); done < <(settings_variables)
    as_account env -i "${variables[@]}" HOME="$DATA" LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
        PATH="$VENV/bin:$PG_BIN:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin" \
        "$@" 9<&-
}

supervisorctl() { with_program_environment "$VENV/bin/supervisorctl" -c "$SUPERVISOR_CONFIG" "$@"; }

# The supervisor goes into the background by itself, in a session of its own: Ctrl-C reaches this script alone.
start_supervisor() {
    with_program_environment "$VENV/bin/supervisord" -c "$SUPERVISOR_CONFIG" || die "the supervisor did not start."
    wait_until 60 test -S "$RUN/supervisor.sock" || fail_with_log supervisord "the supervisor did not start."
}

# Start one program or a group and wait until it has lived for a second.
start_programs() {
    local output
    output=$(supervisorctl start "$@" 2>&1) || {
        local program
        program=$(sed -n -e '/ERROR/{s/^[a-z]*://;s/:.*//;p;q}' <<<"$output")
        fail_with_log "${program:-supervisord}" "${program:-a program} did not start."
    }
}

start_stores() {
    case $PRIVATE_POSTGRES/$PRIVATE_REDIS in
        yes/yes) start_programs 'stores:*' ;;
        yes/no) start_programs stores:postgres ;;
        no/yes) start_programs stores:redis ;;
    esac
    if [[ $PRIVATE_POSTGRES == yes ]]; then
        wait_until 120 postgres_answers || fail_with_log postgres "Postgres does not answer."
    fi
    if [[ $PRIVATE_REDIS == yes ]]; then
        wait_until 60 redis_answers || fail_with_log redis "Redis does not answer."
    fi
}

# One small Nginx for each mount, where there are any.
start_drives() { ! grep -q '^\[group:drives\]' "$DATA/nginx/drives.ini" || start_programs 'drives:*'; }

wait_until_ready() {
    wait_until 180 answers_ready && return 0
    supervisorctl status >&2 || true
    fail_with_log control "not ready after 180 s. /readyz says: $(ask_ready 2>&1)"
}

answers_ready() { ask_ready --fail >/dev/null 2>&1; }

ask_ready() {
    curl --silent --show-error --insecure --noproxy '*' --max-time 5 "$@" "https://localhost:$PORT_NUMBER/readyz"
}

# wait_until SECONDS COMMAND…: true as soon as the command is.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.2
    done
}

fail_with_log() {
    local log=$DATA/logs/$1.log
    warn "last lines of $log:"
    tail -n 20 "$log" >&2 || true
    die "$2"
}
