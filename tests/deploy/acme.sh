#!/bin/sh
# Runs inside a tree: a command beside an ACME server (Debian's pebble) that really asks port 80 of media.example.org.
set -eu
mkdir -p /root/pebble
cd /root/pebble
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
    -keyout key.pem -out certificate.pem 2>/dev/null
cat >config.json <<'END'
{"pebble": {"listenAddress": "127.0.0.1:14000", "managementListenAddress": "127.0.0.1:15000",
 "certificate": "certificate.pem", "privateKey": "key.pem", "httpPort": 80, "tlsPort": 443, "ocspResponderURL": "",
 "externalAccountBindingRequired": false}}
END
grep -q media.example.org /etc/hosts || echo "127.0.0.1 media.example.org" >>/etc/hosts
cat /etc/ssl/certs/ca-certificates.crt certificate.pem >trusted.pem
PEBBLE_VA_NOSLEEP=1 PEBBLE_WFE_NONCEREJECT=0 pebble -config config.json >pebble.log 2>&1 &
until curl --silent --output /dev/null --cacert trusted.pem https://localhost:14000/dir; do sleep 0.2; done
export REQUESTS_CA_BUNDLE=/root/pebble/trusted.pem
cd /root
"$@"
