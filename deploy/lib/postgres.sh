# The private Postgres under DIR/postgres: reached by a unix socket only, its one role is the account (peer).

# Directory of the newest server's programs: Debian keeps them out of every PATH.
postgres_bin() {
    local candidate
    for candidate in $(printf '%s\n' /usr/lib/postgresql/*/bin /opt/homebrew/opt/postgresql*/bin | sort -rV); do
        [[ -x $candidate/initdb && -x $candidate/postgres ]] && echo "$candidate" && return 0
    done
    have initdb postgres && dirname "$(command -v initdb)"
}

# A cluster is opened by the version that made it, whatever else has been installed since.
postgres_bin_for() {
    local version=$1/postgres/PG_VERSION
    if [[ -e $version ]]; then
        version=/usr/lib/postgresql/$(<"$version")/bin
        [[ ! -x $version/postgres ]] || { echo "$version" && return 0; }
    fi
    postgres_bin
}

# Made beside its place and renamed, so that an interrupted initdb leaves nothing that looks like a cluster.
ensure_cluster() {
    [[ ! -e $DATA/postgres/PG_VERSION ]] || return 0
    local output
    say "making the database cluster"
    as_account rm -rf "$DATA/postgres.new"
    output=$(as_account "$PG_BIN/initdb" --pgdata="$DATA/postgres.new" --auth-local=peer --auth-host=reject \
        --encoding=UTF8 --locale="$(utf8_locale)" --data-checksums 2>&1) || die "initdb failed: $output"
    as_account mv "$DATA/postgres.new" "$DATA/postgres"
}

utf8_locale() { locale -a 2>/dev/null | grep -qix 'c\.utf-\?8' && echo C.UTF-8 || echo C; }

postgres_answers() { "$PG_BIN/pg_isready" --quiet --host="$RUN"; }
redis_answers() { [[ $(redis-cli -s "$RUN/redis.sock" ping 2>/dev/null) == PONG ]]; }
