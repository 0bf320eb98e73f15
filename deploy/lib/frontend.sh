# The pages' third-party scripts: fetched by lock file, copied to templates/static/vendor, never committed.

PAGES=$REPO/templates

# $1 is "test" where the packages that only the suite needs (devDependencies) are wanted too.
ensure_frontend() {
    local kind=${1-} wanted omit=(--omit=dev)
    wanted=$(checksum "$PAGES/package-lock.json" "$PAGES/vendor.sh")
    if stamped "$PAGES/static/vendor/.stamp$kind" "$wanted"; then return 0; fi
    if [[ $INSTALL == no ]]; then use_vendor_as_it_is; return 0; fi
    [[ -z $kind ]] || omit=()
    say "fetching the pages' scripts"
    attempt "npm could not fetch the pages' scripts." \
        npm ci --prefix "$PAGES" "${omit[@]}" --ignore-scripts --no-audit --no-fund --prefer-offline
    "$PAGES/vendor.sh" >&2
    rm -f "$PAGES"/static/vendor/.stamp*
    printf '%s\n' "$wanted" >"$PAGES/static/vendor/.stamp$kind"
    # What the suite needs comes on top of what the pages need.
    printf '%s\n' "$wanted" >"$PAGES/static/vendor/.stamp"
}

use_vendor_as_it_is() {
    [[ -d $PAGES/static/vendor ]] ||
        die "templates/static/vendor is missing. Fetch it with: deploy/up (without --no-install)"
}
