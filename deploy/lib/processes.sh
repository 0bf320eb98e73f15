# Which processes belong to a data directory, and how all of them are stopped. Needs nothing but the system's own tools,
# so that deploy/down works after a crash and without .venv.

# Pids of everything that deploy/up started for directory $1.
processes_of() {
    if [[ -d /proc/self ]]; then
        { by_environment "$1"; by_directory "$1"; } | sort -un | while read -r pid; do
            killed_in_a_drive "$pid" || echo "$pid"
        done
    else
        by_pid_file "$1"
    fi
}

# A thread of process $1 sleeps in the kernel (D) although it has been killed (signal 9): it waits for a drive that
# hangs, and is gone in the moment that the drive answers. Nobody can do more.
killed_in_a_drive() {
    local status
    for status in "/proc/$1/task/"*/status; do
        grep -q $'^State:\tD' "$status" && grep -qE '^S[ih][gd]Pnd:.*[13579bdf]..$' "$status" && return 0
    done 2>/dev/null
    return 1
}

# SLUICE_RUN is set by deploy/up alone, so a shell that merely exports SLUICE_DATA is none of them.
by_environment() {
    local files
    files=$(grep -lzxF "SLUICE_DATA=$1" /proc/[0-9]*/environ 2>/dev/null) || true
    # shellcheck disable=SC2086  # a list of /proc paths
    [[ -z $files ]] || grep -lz '^SLUICE_RUN=' $files 2>/dev/null | cut -d/ -f3 || true
}

# Postgres, Redis and Nginx write their titles over their environment; they are known by name and directory.
by_directory() {
    find /proc -maxdepth 2 -path '/proc/[0-9]*/cwd' -printf '%h\t%l\n' 2>/dev/null |
        awk -F'\t' -v data="$1/" 'index($2 "/", data "nginx/") == 1 || index($2 "/", data "postgres/") == 1 ||
            index($2 "/", data "redis/") == 1 { sub("/proc/", "", $1); print $1 }' |
        while read -r pid; do
            case $(cat "/proc/$pid/comm" 2>/dev/null) in nginx | postgres | redis-server) echo "$pid" ;; esac
        done || true # processes end while find looks at them
}

by_pid_file() {
    local file pid
    for file in "$1"/run/supervisord.pid "$1"/postgres/postmaster.pid "$1"/nginx/*.pid; do
        [[ -e $file ]] && pid=$(head -n 1 "$file") && kill -0 "$pid" 2>/dev/null && echo "$pid"
    done
    true
}

supervisor_of() {
    local pid
    for pid in $(processes_of "$1"); do
        case $(command_line "$pid") in *supervisord*) echo "$pid" && return 0 ;; esac
    done
}

# Without procps, which a bare Debian does not have.
command_line() {
    if [[ -d /proc/self ]]; then { tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null || true; else ps -o args= -p "$1" || true; fi
}

# Stop everything of directory $1 and return when no process is left. The supervisor ends its programs in order; what
# a crashed supervisor left behind is asked, then killed. One that waits for a program which cannot end is not waited for.
stop_all() {
    local supervisor
    supervisor=$(supervisor_of "$1")
    if [[ -n $supervisor ]]; then
        kill -TERM "$supervisor" 2>/dev/null || true
        stopped_within 60 "$1" "$supervisor" || warn "the supervisor did not end its programs in a minute; ending them one by one"
        reaped "$supervisor"
    fi
    stop_leftovers "$1"
    rm -f "$1/run/environment" "$1/run/started"
    forget_plaintext "$1"
}

# Decrypted thumbnails and what decoders were working on lie in RAM (control.settings.Paths.cache names the place).
forget_plaintext() {
    local name
    [[ -d /dev/shm ]] || return 0
    name=sluice-$(printf '%s' "$1" | sha256sum | cut -c1-12)
    rm -rf "/dev/shm/$name" "/dev/shm/$name-work" "/dev/shm/$name-metrics"
}

# A process that has given up its memory no longer counts as ours, but it is not gone yet.
reaped() {
    local tries
    for ((tries = 0; tries < 20; tries++)); do
        kill -0 "$1" 2>/dev/null || return 0
        sleep 0.1
    done
}

stop_leftovers() {
    local signal
    # INT is a fast shutdown for Postgres, and a stop for everything else.
    for signal in INT TERM KILL; do
        signal_all "$signal" "$1"
        gone_within 8 "$1" && return 0
    done
    die "these processes do not end: $(processes_of "$1" | tr '\n' ' ')"
}

signal_all() {
    local pids
    pids=$(processes_of "$2")
    # shellcheck disable=SC2086  # a list of pids
    [[ -z $pids ]] || kill -"$1" $pids 2>/dev/null || true
}

# True when nothing is left, or when supervisor $3 waits for a program that cannot end and the others have had their time.
stopped_within() {
    local began=$SECONDS
    # To look for all that belongs to a directory is dear: not while the supervisor itself is still there.
    while [[ -n $(command_line "$3") ]] || ! gone_within 1 "$2"; do
        ((SECONDS - began < $1)) || return 1
        if ((SECONDS - began > 8)) && waits_for_a_drive "$3"; then kill -KILL "$3" && return 0; fi
        sleep 0.1
    done
}

waits_for_a_drive() {
    local child
    for child in $(cat "/proc/$1/task/"*/children 2>/dev/null || true); do
        ! killed_in_a_drive "$child" || return 0
    done
    return 1
}

gone_within() {
    local deadline=$((SECONDS + $1))
    while [[ -n $(processes_of "$2") ]]; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}
