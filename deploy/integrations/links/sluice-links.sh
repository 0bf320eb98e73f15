#!/bin/sh
# Signed links to a Sluice server, made elsewhere; see README.md beside this file. Needs openssl.
#   SLUICE_SECRET=… sluice-links.sh stream SERVER ID SECONDS
#   SLUICE_SECRET=… sluice-links.sh d SERVER ROOT PATH SECONDS KEY_ID
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

case $1 in
stream)
    expires=$(($(date +%s) + $4))
    signature=$(printf '%s|%s' "$3" "$expires" | openssl dgst -sha256 -hmac "$SLUICE_SECRET" | sed 's/.* //')
    printf '%s/stream/%s?expires=%s&sig=%s\n' "$2" "$3" "$expires" "$signature" ;;
d)
    expires=$(($(date +%s) + $5))
    mac=$(printf 'd %s/%s/%s %s' "$expires" "$3" "$4" "$SLUICE_SECRET" | openssl dgst -md5 -binary | openssl base64 |
        tr '+/' '-_' | tr -d '=')
    printf '%s/d/%s/%s/%s/%s/%s\n' "$2" "$6" "$mac" "$expires" "$3" "$(percent_encoded "$4")" ;;
esac
