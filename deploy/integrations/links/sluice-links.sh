#!/bin/sh
# Signed links to a Sluice server, made elsewhere; see README.md beside this file. Needs openssl.
#   SLUICE_SECRET=… sluice-links.sh stream SERVER ID SECONDS [NETWORK]
#   SLUICE_SECRET=… sluice-links.sh get SERVER KEY SECONDS [NETWORK]
#   SLUICE_SECRET=… sluice-links.sh d SERVER ROOT PATH SECONDS KEY_ID [NETWORK]
# NETWORK binds the link to one network, as README.md writes it: 192.168.1.0/24; without it the link opens anywhere.
set -eu

percent_encoded() {  # every byte but those that a path may hold as they are (RFC 3986 2.3)
    printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n' | sed 's/../%&/g' |
        sed -e 's/%2d/-/g; s/%2e/./g; s/%2f/\//g; s/%5f/_/g; s/%7e/~/g' | awk '{
            while (match($0, /%(3[0-9]|[46][1-9a-f]|[57][0-9a])/)) {
                hex = substr($0, RSTART + 1, 2)
                value = index("0123456789abcdef", substr(hex, 1, 1)) * 16 + index("0123456789abcdef", substr(hex, 2, 1)) - 17
                printf "%s%c", substr($0, 1, RSTART - 1), value
                $0 = substr($0, RSTART + 3)
            }
            print
        }'
}

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }

signed_query() {  # NAME SIGNED SECONDS NETWORK
    expires=$(($(date +%s) + $3))
    signature=$(printf '%s|%s%s' "$2" "$expires" "${4:+|$4}" | openssl dgst -sha256 -hmac "$SLUICE_SECRET" | sed 's/.* //')
    printf '%s=%s%s&sig=%s' "$1" "$expires" "${4:+&net=$4}" "$signature"
}

case $1 in
stream)
    printf '%s/stream/%s?%s\n' "$2" "$3" "$(signed_query expires "$3" "$4" "${5-}")" ;;
get)
    printf '%s/get/%s?%s\n' "$2" "$(printf '%s' "$3" | base64url)" "$(signed_query exp "$3" "$4" "${5-}")" ;;
d)
    expires=$(($(date +%s) + $5))
    text="d $expires/$3/$4 $SLUICE_SECRET"
    [ -z "${7-}" ] || text="n  $7 $expires/$3/$4 $SLUICE_SECRET"
    mac=$(printf '%s' "$text" | openssl dgst -md5 -binary | base64url)
    printf '%s/d/%s%s/%s/%s/%s/%s\n' "$2" "$6" "${7:+/net}" "$mac" "$expires" "$3" "$(percent_encoded "$4")" ;;
esac
