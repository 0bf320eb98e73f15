# The pages' third-party scripts: fetched by lock file, copied to templates/static/vendor, never committed.

PAGES=$REPO/templates

ensure_frontend() {
    local wanted
    wanted=$(checksum "$PAGES/package-lock.json" "$PAGES/vendor.sh")
    if stamped "$PAGES/static/vendor/.stamp" "$wanted"; then return 0; fi
    if [[ $INSTALL == no ]]; then use_vendor_as_it_is; return 0; fi
    say "fetching the pages' scripts"
    attempt "npm could not fetch the pages' scripts." npm ci --prefix "$PAGES" --ignore-scripts --no-audit --no-fund
    "$PAGES/vendor.sh" >&2
    printf '%s\n' "$wanted" >"$PAGES/static/vendor/.stamp"
}

use_vendor_as_it_is() {
    [[ -d $PAGES/static/vendor ]] ||
        die "templates/static/vendor is missing. Fetch it with: deploy/up (without --no-install)"
}
