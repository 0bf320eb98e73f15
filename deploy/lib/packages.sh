# What Sluice needs from the system, and how to get it on Debian and Ubuntu. Elsewhere the missing things are named.

# name | how to see that it is there | Debian packages | Homebrew formula
RUNTIME_NEEDS='
nginx       | have nginx                | nginx | nginx
nginx-echo  | have_nginx_module echo    | libnginx-mod-http-echo | -
nginx-more  | have_nginx_module headers_more_filter | libnginx-mod-http-headers-more-filter | -
postgresql  | have_postgres             | postgresql | postgresql
redis       | have redis-server         | redis-server | redis
ffmpeg      | have ffmpeg ffprobe       | ffmpeg | ffmpeg
bubblewrap  | have bwrap                | bubblewrap | -
python3     | have_python               | python3 python3-venv | python
acl         | have_acl                  | acl | -
openssl     | have openssl              | openssl | openssl
curl        | have curl                 | curl ca-certificates | curl
npm         | have npm node             | nodejs npm | node
'

# Only while .venv is filled: gunicorn's HTTP parser comes as C source.
BUILD_NEEDS='
gcc         | have cc                   | gcc libc6-dev | gcc
headers     | have_python_headers       | python3-dev | python
'

# Only for deploy/test.
TEST_NEEDS='
chromium    | have chromium             | chromium | chromium
wrk         | have wrk                  | wrk | wrk
unzip       | have unzip                | unzip | unzip
php         | have_php                  | php-cli php-curl | php
7z          | have 7z                   | p7zip-full | p7zip
bsdtar      | have bsdtar               | libarchive-tools | libarchive
systemd     | have systemd-analyze      | systemd | -
zzuf        | have zzuf                 | zzuf | zzuf
debootstrap | have_debootstrap          | debootstrap | -
'

# Debian keeps these out of the PATH of ordinary users.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

have() {
    local command
    for command in "$@"; do command -v "$command" >/dev/null 2>&1 || return 1; done
}

have_nginx_module() {
    local directory
    for directory in /usr/lib/nginx/modules /usr/lib64/nginx/modules /usr/local/lib/nginx/modules; do
        [[ -e $directory/ngx_http_$1_module.so ]] && return 0
    done
    return 1
}

have_acl() { [[ $EUID -ne 0 ]] || have setfacl; } # only root has another account to let in
have_debootstrap() { [[ $EUID -ne 0 ]] || have debootstrap; } # only root can make a tree of a system
have_php() { have php && php -r 'exit((int) !extension_loaded("curl"));'; }
have_postgres() { postgres_bin >/dev/null; }
have_python() { [[ -n $(python_candidates) ]]; }
have_python_headers() {
    "$(best_python)" -c 'import os, sysconfig; os.stat(sysconfig.get_path("include") + "/Python.h")' 2>/dev/null
}

# Make sure that every need of the given table is met: install what is missing, or name it and stop.
ensure_packages() {
    local missing
    missing=$(missing_needs "$1")
    [[ -n $missing ]] || return 0
    if may_install; then
        install_packages "$(column 3 "$missing")"
        missing=$(missing_needs "$1")
    fi
    [[ -z $missing ]] || name_the_missing "$missing"
}

missing_needs() {
    local name check packages formula
    while IFS='|' read -r name check packages formula; do
        [[ -z ${name// /} ]] || eval "$check" || printf '%s|%s|%s|%s\n' "$name" "$check" "$packages" "$formula"
    done <<<"$1"
}

# Field N of a table, on one line; "-" stands for nothing.
column() { cut -d'|' -f"$1" <<<"$2" | tr -s ' \n' ' ' | sed -e 's/^ //' -e 's/ $//' -e 's/\(^\| \)-\( \|$\)/ /g'; }

may_install() {
    [[ $INSTALL == yes ]] && have apt-get && { [[ $EUID -eq 0 ]] || have sudo; }
}

name_the_missing() {
    local names
    names=$(column 1 "$1")
    if have apt-get; then
        die "missing: $names. Install with: sudo apt-get install --no-install-recommends $(column 3 "$1")"
    elif have brew; then
        optional_elsewhere "$1"
    else
        die "missing: $names. Install them with this system's package manager, then run this again."
    fi
}

# macOS has no packages for the sandbox and the Nginx modules: Sluice starts without what it can do without.
optional_elsewhere() {
    local formulas
    formulas=$(column 4 "$1")
    [[ -z ${formulas// /} ]] || die "missing: $(column 1 "$1"). Install with: brew install $formulas"
    warn "not available here, going on without: $(column 1 "$1")"
}

as_root() { if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi; }

apt_get() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold \
        -o DPkg::Lock::Timeout=300 "$@"
}

install_packages() {
    say "installing: $1"
    attempt "apt-get could not install: $1" install_and_start_nothing "$1"
    PACKAGE_LIST=fresh
}

PACKAGE_LIST=old

# A list that could not be refreshed may still be good enough. In a subshell, so that its EXIT trap puts things back.
install_and_start_nothing() (
    [[ $PACKAGE_LIST == fresh ]] || apt_get update || true
    # shellcheck disable=SC2086  # a list of packages
    hold_back_services && hold_back_cluster "$1" && apt_get install --no-install-recommends $1 &&
        keep_off_after_reboot "$1"
)

POLICY=/usr/sbin/policy-rc.d
CLUSTERS=/etc/postgresql-common/createcluster.conf

# For the rest of this subshell no package may start or stop a service: invoke-rc.d asks policy-rc.d first.
hold_back_services() {
    trap put_back EXIT
    if [[ -e $POLICY && ! -e $POLICY.before-sluice ]]; then as_root mv "$POLICY" "$POLICY.before-sluice"; fi
    printf '#!/bin/sh\n# Made by Sluice while it installs packages: start nothing, stop nothing.\nexit 101\n' |
        as_root tee "$POLICY" >/dev/null
    as_root chmod 755 "$POLICY"
}

# No cluster is made along with Postgres. The file that says so comes with postgresql-common, so that goes first.
hold_back_cluster() {
    [[ " $1 " == *" postgresql "* ]] || return 0
    apt_get install --no-install-recommends postgresql-common || return 1
    [[ -e $CLUSTERS.before-sluice ]] || as_root cp -p "$CLUSTERS" "$CLUSTERS.before-sluice"
    as_root sed -i -e '/^#\? *create_main_cluster/d' -e '$a create_main_cluster = false' "$CLUSTERS"
}

# Both files become what they were.
put_back() {
    as_root rm -f "$POLICY"
    local file
    for file in "$POLICY" "$CLUSTERS"; do
        [[ ! -e $file.before-sluice ]] || as_root mv -f "$file.before-sluice" "$file"
    done
}

# A service that came with a package we installed must not start at the next boot either. One that was there before is
# not in the list, so it stays as it is.
keep_off_after_reboot() {
    local service
    for service in nginx postgresql redis-server; do
        [[ " $1 " != *" $service "* ]] || as_root update-rc.d "$service" disable
    done
}
