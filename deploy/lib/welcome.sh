# What `up` prints once everything runs.

welcome() {
    local lan
    lan=$("$VENV/bin/python" -m control.cli.addresses) || lan=
    printf '\n  Sluice runs as the account %s, its data lies in %s\n' "$ACCOUNT" "$DATA"
    printf '    here     %s\n' "$URL"
    [[ -z $lan ]] || printf '    network  https://%s:%s\n' "$lan" "$PORT_NUMBER"
    if [[ $EDGE == no ]]; then
        printf '    sign in  %s\n' "$(how_to_sign_in)"
        printf '    media    drop files into %s\n' "$DATA/imports"
    fi
    printf '    stop     %s\n\n' "$(how_to_stop)"
    [[ -z $lan || ! -t 1 ]] || "$VENV/bin/segno" --compact "https://$lan:$PORT_NUMBER"
}

how_to_sign_in() {
    if [[ -s $DATA/admin-password ]]; then
        printf '%s, first password %s (kept in %s)' "$ADMIN" "$(<"$DATA/admin-password")" "$DATA/admin-password"
    else
        printf '%s, with the password that was chosen for it' "$ADMIN"
    fi
}

how_to_stop() {
    if [[ $DETACH == yes ]]; then printf 'deploy/down --data %q' "$DATA"; else printf 'Ctrl-C'; fi
}
